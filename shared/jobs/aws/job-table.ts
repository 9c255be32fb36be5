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
import { type Item, type Key, keyAttributes, sortKeyOf } from '../../tables/item.ts'

export type ItemUpdate = Omit<UpdateItemCommandInput, 'TableName' | 'Key'> & { readonly Key: Item }

export interface DescendingItems {
  readonly items: readonly Item[]
  /** The sort key at which the next query continues. Absent if the partition has no items with smaller sort keys. */
  readonly next?: string
}

/** A query of one partition, in descending order of the sort keys. */
export interface DescendingQuery {
  /** The largest number of items that DynamoDB reads. By default, it reads up to 1 MB. */
  readonly limit?: number
  /** All returned sort keys are smaller than this one. */
  readonly before?: string | undefined
  /** All returned sort keys are at least this one. */
  readonly from?: string | undefined
  /** DynamoDB omits the items that it reads but for which the expression is false. */
  readonly filter?:
    { readonly expression: string; readonly names: Readonly<Record<string, string>>; readonly values: Item } | undefined
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
   * Returns the item with this key, with only one of its attributes. The read is eventually consistent, which halves
   * its price.
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

  /**
   * Returns the items with these keys, in no particular order. Keys without an item are ignored. By default, all
   * attributes are returned.
   */
  find(keys: readonly Key[], attributes?: readonly string[]): Promise<Item[]> {
    return batchGet(this.#client, this.#table, keys, attributes)
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

  /** Returns items of a partition in descending order of their sort keys. By default, begins with the largest one. */
  async queryBackwards(pk: string, { limit, before, from, filter }: DescendingQuery): Promise<DescendingItems> {
    const { Items = [], LastEvaluatedKey } = await this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        ScanIndexForward: false,
        KeyConditionExpression: from === undefined ? '#pk = :pk' : '#pk = :pk AND #sk >= :from',
        ...(filter === undefined ? {} : { FilterExpression: filter.expression }),
        ExpressionAttributeNames: { '#pk': 'pk', ...(from === undefined ? {} : { '#sk': 'sk' }), ...filter?.names },
        ExpressionAttributeValues: {
          ':pk': { S: pk },
          ...(from === undefined ? {} : { ':from': { S: from } }),
          ...filter?.values,
        },
        ...(limit === undefined ? {} : { Limit: limit }),
        ...(before === undefined ? {} : { ExclusiveStartKey: keyAttributes({ pk, sk: before }) }),
      }),
    )
    return { items: Items, ...(LastEvaluatedKey === undefined ? {} : { next: sortKeyOf(LastEvaluatedKey) }) }
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

  /**
   * Updates an item. Returns the attributes that `ReturnValues` selects. Throws if the condition of the update fails.
   */
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

  /** Deletes an item if the condition is true. Returns true if the item was deleted. */
  async deleteWhere(key: Item, condition: string, names: Record<string, string>, values: Item): Promise<boolean> {
    const deleted = await unlessConditionFails(
      this.#client.send(
        new DeleteItemCommand({
          TableName: this.#table,
          Key: key,
          ConditionExpression: condition,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: values,
        }),
      ),
    )
    return deleted !== undefined
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
