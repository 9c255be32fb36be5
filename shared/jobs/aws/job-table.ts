import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { batchGet, queryPages } from '../../tables/aws/query.ts'
import { type Item, type Key, keyAttributes } from '../../tables/item.ts'

export type ItemUpdate = Omit<UpdateItemCommandInput, 'TableName' | 'Key'> & { readonly Key: Item }

export interface DescendingItems {
  readonly items: readonly Item[]
  /** True if the partition may have items with smaller sort keys. */
  readonly more: boolean
}

/** Reads and writes items of the job table. Reads are strongly consistent, unless a method states otherwise. */
export class JobTable {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #clock: () => Date

  constructor(client: DynamoDBClient, table: string, clock: () => Date = () => new Date()) {
    this.#client = client
    this.#table = table
    this.#clock = clock
  }

  now(): Date {
    return this.#clock()
  }

  /** Returns the item with this key, or `undefined` if the item does not exist. */
  async get(key: Item): Promise<Item | undefined> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: key, ConsistentRead: true }),
    )
    return item
  }

  /**
   * Returns the item with this key, with only one of its attributes. The read is eventually consistent, which halves its
   * price.
   */
  async getAttribute(key: Item, name: string): Promise<Item | undefined> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({
        TableName: this.#table,
        Key: key,
        ProjectionExpression: '#name',
        ExpressionAttributeNames: { '#name': name },
      }),
    )
    return item
  }

  /** Returns the items with these keys, in no particular order. Keys without an item are ignored. */
  find(keys: readonly Key[]): Promise<Item[]> {
    return batchGet(this.#client, this.#table, keys)
  }

  /** Yields pages of the items of a partition, in the order of their sort keys. By default, yields all items. */
  query(pk: string, fromSk = '\u0000', toSk = '\u{10ffff}'): AsyncGenerator<readonly Item[]> {
    return queryPages(this.#client, this.#table, [{ pk, fromSk, toSk }])
  }

  /** Yields pages of the items whose sort keys begin with the prefix and `#`, in the order of their sort keys. */
  queryPrefix(pk: string, prefix: string): AsyncGenerator<readonly Item[]> {
    // `$` is the character after `#`.
    return this.query(pk, `${prefix}#`, `${prefix}$`)
  }

  /**
   * Returns up to `limit` items of a partition in descending order of their sort keys. Begins with the largest sort key,
   * or with the largest one below `before`.
   */
  async queryBackwards(pk: string, limit: number, before?: string): Promise<DescendingItems> {
    const { Items = [], LastEvaluatedKey } = await this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        ScanIndexForward: false,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': 'pk' },
        ExpressionAttributeValues: { ':pk': { S: pk } },
        Limit: limit,
        ...(before === undefined ? {} : { ExclusiveStartKey: keyAttributes({ pk, sk: before }) }),
      }),
    )
    return { items: Items, more: LastEvaluatedKey !== undefined }
  }

  async put(item: Item): Promise<void> {
    await this.#client.send(new PutItemCommand({ TableName: this.#table, Item: item }))
  }

  /** Writes an item if the table has no item with the same key. Returns true if the item was written. */
  putAbsent(item: Item): Promise<boolean> {
    return this.putWhere(item, 'attribute_not_exists(#pk)', { '#pk': 'pk' })
  }

  /** Writes an item if the condition is true. Returns true if the item was written. */
  async putWhere(item: Item, condition: string, names: Record<string, string>, values?: Item): Promise<boolean> {
    const written = await unlessConditionFails(
      this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: item,
          ConditionExpression: condition,
          ExpressionAttributeNames: names,
          ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
        }),
      ),
    )
    return written !== undefined
  }

  /** Updates an item. Returns the attributes that `ReturnValues` selects. Throws if the condition of the update fails. */
  async update(update: ItemUpdate): Promise<Item> {
    const { Attributes = {} } = await this.#client.send(new UpdateItemCommand({ TableName: this.#table, ...update }))
    return Attributes
  }

  /** Does the same as `update`, but returns `undefined` if the condition of the update fails. */
  updateWhere(update: ItemUpdate): Promise<Item | undefined> {
    return unlessConditionFails(this.update(update))
  }

  async delete(key: Item): Promise<void> {
    await this.#client.send(new DeleteItemCommand({ TableName: this.#table, Key: key }))
  }
}

/** Returns the result of a request, or `undefined` if its condition fails. */
const unlessConditionFails = async <Result>(request: Promise<Result>): Promise<Result | undefined> => {
  try {
    return await request
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined
    throw error
  }
}
