import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Item } from '../../tables/item.ts'

/** Reads and writes single items of the job table. */
export class JobTable {
  readonly #client: DynamoDBClient
  readonly #table: string

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client
    this.#table = table
  }

  /** Returns the item with this key, or `undefined` if the item does not exist. */
  async get(key: Item): Promise<Item | undefined> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: key, ConsistentRead: true }),
    )
    return item
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
    try {
      await this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: item,
          ConditionExpression: condition,
          ExpressionAttributeNames: names,
          ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
        }),
      )
      return true
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false
      throw error
    }
  }
}
