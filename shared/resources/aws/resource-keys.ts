import { type DynamoDBClient, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { batchGet } from '../../tables/aws/query.ts'
import { type Item, type Key, keyAttributes, keyOf, sortKeyOf } from '../../tables/item.ts'
import { hasOwnHashKey } from '../partitions.ts'

/** The largest sort key. DynamoDB allows 1,024 bytes, and the last character of Unicode has 4 bytes in UTF-8. */
const LAST_SORT_KEY = '\u{10ffff}'.repeat(256)
/**
 * The sizes of the pages in which the first or last sort key with a valid hash key is searched. Usually, the first page
 * contains such a sort key.
 */
const SEARCH_PAGES = [1, 100, 1000]
const KEYS_ONLY = {
  ProjectionExpression: '#pk, #sk',
  ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
} as const

/** The position after an item. Without `sk`, the position after all items of a partition. The item need not exist. */
export interface ScanPosition {
  readonly pk: string
  readonly sk?: string
}

/** Reads the keys of the resource table, including those of items that belong to no registered model or shard. */
export class ResourceKeys {
  readonly #client: DynamoDBClient
  readonly #table: string

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client
    this.#table = table
  }

  /**
   * Returns the partition keys of all items, in no particular order. Returns undefined if there are more than `max`.
   * Reads one item of each partition: the next request begins after the largest possible sort key of the partition.
   */
  async partitionKeys(max: number): Promise<string[] | undefined> {
    const found: string[] = []
    let after: Item | undefined
    for (;;) {
      const { Items: [item] = [] } = await this.#client.send(
        new ScanCommand({
          TableName: this.#table,
          ConsistentRead: true,
          Limit: 1,
          ...KEYS_ONLY,
          ...(after === undefined ? {} : { ExclusiveStartKey: after }),
        }),
      )
      if (item === undefined) return found
      if (found.length === max) return undefined
      const { pk } = keyOf(item)
      found.push(pk)
      after = keyAttributes({ pk, sk: LAST_SORT_KEY })
    }
  }

  /**
   * Returns the first and the last sort key of a partition that begin with the hash key of their resource id. Searches
   * the first and the last 1,101 items. Returns an empty list if the first of these items have no such sort key.
   */
  async endsOf(pk: string): Promise<string[]> {
    const first = await this.#search(pk, true)
    if (first === undefined) return []
    return [first, (await this.#search(pk, false)) ?? first]
  }

  /**
   * Returns the keys of one page of the table, in the order of the table. `last` is the last key; it is absent at the
   * end of the table. The read is eventually consistent, which halves its price.
   */
  async page(after: ScanPosition | undefined, limit: number): Promise<{ keys: readonly Key[]; last?: Key }> {
    const { Items = [], LastEvaluatedKey } = await this.#client.send(
      new ScanCommand({
        TableName: this.#table,
        Limit: limit,
        ...KEYS_ONLY,
        ...(after === undefined
          ? {}
          : { ExclusiveStartKey: keyAttributes({ pk: after.pk, sk: after.sk ?? LAST_SORT_KEY }) }),
      }),
    )
    return { keys: Items.map(keyOf), ...(LastEvaluatedKey === undefined ? {} : { last: keyOf(LastEvaluatedKey) }) }
  }

  /** Returns the keys that have an item. Reads are strongly consistent. `keys` must not contain duplicates. */
  async existing(keys: readonly Key[]): Promise<Key[]> {
    return (await batchGet(this.#client, this.#table, keys, ['pk', 'sk'])).map(keyOf)
  }

  async #search(pk: string, forward: boolean): Promise<string | undefined> {
    let after: Item | undefined
    for (const limit of SEARCH_PAGES) {
      const { Items = [], LastEvaluatedKey } = await this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          ConsistentRead: true,
          KeyConditionExpression: '#pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: pk } },
          ScanIndexForward: forward,
          Limit: limit,
          ...KEYS_ONLY,
          ...(after === undefined ? {} : { ExclusiveStartKey: after }),
        }),
      )
      const found = Items.map(sortKeyOf).find(hasOwnHashKey)
      if (found !== undefined || LastEvaluatedKey === undefined) return found
      after = LastEvaluatedKey
    }
    return undefined
  }
}
