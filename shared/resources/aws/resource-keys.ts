import { type DynamoDBClient, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { batchGet } from '../../tables/aws/query.ts'
import { type Item, type Key, keyAttributes, keyOf, sortKeyOf } from '../../tables/item.ts'
import { hasOwnIdHash } from '../partitions.ts'

/**
 * The largest possible sort key: 1,024 bytes, which is DynamoDB's limit, of the last character of Unicode, which has 4
 * bytes in UTF-8.
 */
const LAST_SORT_KEY = '\u{10ffff}'.repeat(256)
/**
 * The number of items on each page when the first or last sort key with a valid id hash is searched. Usually, the
 * first page contains such a sort key, so it is small.
 */
const SEARCH_PAGES = [1, 100, 1000]
/**
 * The number of segments of the table that are listed at the same time. Each takes one unit more than its partitions.
 */
const SCAN_SEGMENTS = 4
const KEYS_ONLY = {
  ProjectionExpression: '#pk, #sk',
  ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
} as const

/**
 * The position after the item with this key. The item need not exist. If `sk` is absent, the position is after all
 * items of the partition.
 */
export interface ScanPosition {
  readonly pk: string
  readonly sk?: string
}

/** The list of partition keys is given up if it exceeds one of these limits. By default, there is no limit. */
interface ListLimits {
  readonly max?: number
  readonly maxUnits?: number
}

/** Reads the keys of the resource table. Items that belong to no registered model or shard are included. */
export class ResourceKeys {
  readonly #client: DynamoDBClient
  readonly #table: string

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client
    this.#table = table
  }

  /**
   * Returns the partition keys of all items, in no particular order. Returns undefined if there are more than `max`
   * partition keys, or if listing them takes more than about `maxUnits` read units. Reads only one item of each
   * partition, because each request begins after the largest possible sort key of the previous partition. Also returns
   * undefined if the server rejects such a start key: DynamoDB accepts it, but its documentation does not promise this.
   */
  async partitionKeys({ max = Infinity, maxUnits = Infinity }: ListLimits): Promise<string[] | undefined> {
    const found: string[] = []
    let units = 0
    const listSegment = async (Segment: number): Promise<void> => {
      let after: Item | undefined
      while (found.length <= max && units <= maxUnits) {
        const {
          Items: [item] = [],
          LastEvaluatedKey,
          ConsumedCapacity,
        } = await this.#client.send(
          new ScanCommand({
            TableName: this.#table,
            ConsistentRead: true,
            Limit: 1,
            Segment,
            TotalSegments: SCAN_SEGMENTS,
            ReturnConsumedCapacity: 'TOTAL',
            ...KEYS_ONLY,
            ...(after === undefined ? {} : { ExclusiveStartKey: after }),
          }),
        )
        units += Math.max(1, ConsumedCapacity?.CapacityUnits ?? 1)
        if (item !== undefined) found.push(keyOf(item).pk)
        // A page without items is the end of the segment only if it has no `LastEvaluatedKey`.
        if (LastEvaluatedKey === undefined) return
        after = item === undefined ? LastEvaluatedKey : keyAttributes({ pk: keyOf(item).pk, sk: LAST_SORT_KEY })
      }
    }
    try {
      await Promise.all(Array.from({ length: SCAN_SEGMENTS }, (_, segment) => listSegment(segment)))
    } catch (error) {
      if (error instanceof Error && error.name === 'ValidationException') return undefined
      throw error
    }
    return found.length > max || units > maxUnits ? undefined : found
  }

  /**
   * Returns the first and the last sort key of a partition that begin with the id hash of their own resource id.
   * Searches only the first 1,101 and the last 1,101 items. Returns an empty list if the first 1,101 items have no such
   * sort key.
   */
  async endsOf(pk: string): Promise<string[]> {
    const first = await this.#search(pk, true)
    if (first === undefined) return []
    return [first, (await this.#search(pk, false)) ?? first]
  }

  /**
   * Returns the keys of one page of the table, in the order of the table. The next page begins after `last`. At the end
   * of the table, `last` is absent. The read is eventually consistent, because this halves its price.
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

  /**
   * Returns the given keys for which an item exists. Reads are strongly consistent. `keys` must not contain duplicates.
   */
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
      const found = Items.map(sortKeyOf).find(hasOwnIdHash)
      if (found !== undefined || LastEvaluatedKey === undefined) return found
      after = LastEvaluatedKey
    }
    return undefined
  }
}
