import { type DynamoDBClient, GetItemCommand, QueryCommand, type QueryCommandOutput } from '@aws-sdk/client-dynamodb'
import { batchGet, queryPages, type QueryOptions } from '../../tables/aws/query.ts'
import { type Item, type Key, keyAttributes, type SortKeyRange } from '../../tables/item.ts'
import { isExclusiveEnd, shardsOf, withinShard } from '../key-range.ts'
import { metadataPartition, metadataSortKey, revisionPartition, shardOf } from '../keys.ts'
import type { ModelRegistry } from '../models.ts'

/**
 * Reads items of the resource table. All reads are strongly consistent. Methods with the parameter `model` throw
 * `UnknownModelError` for a model that is not registered.
 */
export class ResourceTable {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #models: ModelRegistry

  constructor(client: DynamoDBClient, table: string, models: ModelRegistry) {
    this.#client = client
    this.#table = table
    this.#models = models
  }

  /** Yields pages of the metadata (`m`) or revisions (`r`) of a range, in the order of their sort keys. */
  pages(
    kind: 'm' | 'r',
    model: string,
    range: SortKeyRange,
    options: QueryOptions = {},
  ): AsyncGenerator<readonly Item[]> {
    const partition = kind === 'm' ? metadataPartition : revisionPartition
    const { shards } = this.#models.get(model)
    const ranges = shardsOf(range, shards).flatMap((shard) => {
      const own = withinShard(range, shard, shards)
      return own === undefined ? [] : [{ pk: partition(model, shard), ...own, excludesEnd: isExclusiveEnd(own.toSk) }]
    })
    return queryPages(this.#client, this.#table, ranges, options)
  }

  /** Yields pages of the revisions of one resource, in the order of their sort keys. */
  revisionPages(model: string, id: string, options: QueryOptions = {}): AsyncGenerator<readonly Item[]> {
    const sk = metadataSortKey(id)
    const pk = revisionPartition(model, shardOf(sk, this.#models.get(model).shards))
    // `0` is the character that follows `/`, so the range contains only the revisions of this id.
    return queryPages(this.#client, this.#table, [{ pk, fromSk: `${sk}/`, toSk: `${sk}0` }], options)
  }

  /** Returns the item with this key, or `undefined` if the item does not exist. */
  async get(key: Key): Promise<Item | undefined> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: keyAttributes(key), ConsistentRead: true }),
    )
    return item
  }

  /** Returns the items with these keys, in no particular order. Keys without an item are ignored. */
  find(keys: readonly Key[], attributes?: readonly string[]): Promise<Item[]> {
    return batchGet(this.#client, this.#table, keys, attributes)
  }

  /** Returns true if a partition contains no item. */
  async isEmpty(partition: string): Promise<boolean> {
    let after: Item | undefined
    do {
      const { Count = 0, LastEvaluatedKey }: QueryCommandOutput = await this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          ConsistentRead: true,
          KeyConditionExpression: '#pk = :pk',
          ExpressionAttributeNames: { '#pk': 'pk' },
          ExpressionAttributeValues: { ':pk': { S: partition } },
          Select: 'COUNT',
          Limit: 1,
          ...(after === undefined ? {} : { ExclusiveStartKey: after }),
        }),
      )
      if (Count > 0) return false
      // A page without items is the end of the partition only if it has no `LastEvaluatedKey`.
      after = LastEvaluatedKey
    } while (after !== undefined)
    return true
  }
}
