import pMap from 'p-map'
import type { ResourceKeys } from '../resources/aws/resource-keys.ts'
import type { ResourceStore } from '../resources/aws/resource-store.ts'
import { metadataPartition, revisionPartition } from '../resources/keys.ts'
import { MAX_SHARDS, type ModelRegistry } from '../resources/models.ts'
import { parsePartitionKey, type PlacedItem, shardsOfData } from '../resources/partitions.ts'
import type { ShardRecords, StoredShards } from './aws/shard-records.ts'
import { ShardsChangedError } from './errors.ts'

/**
 * The largest number of partitions that are listed, with one request each. If the table has more partitions, the 2,048
 * partitions that a model can have are queried instead.
 */
const MAX_PARTITIONS = 1000
/** The number of partitions that are queried at the same time. Most of the time is latency. */
const PARALLEL_READS = 16
/** The default of `shards` in the model registry. */
const MIN_CHECKED_SHARDS = 16

export interface ShardServices {
  readonly models: ModelRegistry
  readonly resources: ResourceStore
  readonly resourceKeys: ResourceKeys
  readonly shardRecords: ShardRecords
}

/**
 * Checks that the registered number of shards of each model is the number with which its data was written. If the
 * numbers differ, throws `ShardsChangedError`. A job would not find the data, because the partition keys contain the
 * shard, which depends on the number of shards.
 *
 * The first job of a model that has data determines the number from the data and stores it. Later jobs only compare the
 * registered number with the stored number, which takes one read for up to 100 models. If the numbers differ but the
 * model has no items, the registered number is stored.
 *
 * If a model has no data, the registered number is stored with `withoutData`. Each job then checks again whether the
 * model has data, because another program may have written the data with another number.
 */
export const checkShards = async (models: readonly string[], services: ShardServices): Promise<void> => {
  const stored = await services.shardRecords.find(models)
  const unknown = models.filter((model) => !stored.has(model))
  if (unknown.length > 0) await storeShardsOfData(unknown, services)
  const filled: string[] = []
  for (const [model, record] of stored) {
    if (record.withoutData && !(await hasNoItems(model, record, services))) filled.push(model)
    else await compare(model, record, services)
  }
  if (filled.length > 0) await storeShardsOfData(filled, services, stored)
}

/** Derives the number of shards of each model from its data, and stores it. `replaced` contains the records so far. */
const storeShardsOfData = async (
  models: readonly string[],
  services: ShardServices,
  replaced: ReadonlyMap<string, StoredShards> = new Map(),
): Promise<void> => {
  const { shardRecords, resourceKeys } = services
  const partitionKeys = await resourceKeys.partitionKeys(MAX_PARTITIONS)
  for (const model of models) {
    const registered = services.models.get(model).shards
    const own = partitionKeys?.filter((pk) => parsePartitionKey(pk)?.model === model) ?? possiblePartitions(model)
    const items = await placedItems(own, resourceKeys)
    const shards = shardsOfData(items, registered)
    if (shards !== registered) throw new ShardsChangedError(model, shards, registered)
    const record = { shards, withoutData: items.length === 0 }
    if (await shardRecords.store(model, record, replaced.get(model)?.shards)) continue
    // Another job has stored a number in the meantime.
    for (const [, stored] of await shardRecords.find([model])) await compare(model, stored, services)
  }
}

const compare = async (model: string, record: StoredShards, services: ShardServices): Promise<void> => {
  const stored = record.shards
  const registered = services.models.get(model).shards
  if (stored === registered) return
  const isEmpty = await hasNoItems(model, record, services)
  if (!isEmpty || !(await services.shardRecords.store(model, { shards: registered, withoutData: true }, stored)))
    throw new ShardsChangedError(model, stored, registered)
}

/**
 * Returns true if a model has no items. Checks the stored and the registered shards, and at least those that a model has
 * by default. If these are only some of the shards that contain data, they contain items unless the model is very small.
 */
const hasNoItems = (model: string, { shards }: StoredShards, { models, resources }: ShardServices): Promise<boolean> =>
  resources.isEmpty(model, Math.max(shards, models.get(model).shards, MIN_CHECKED_SHARDS))

const possiblePartitions = (model: string): string[] =>
  Array.from({ length: MAX_SHARDS }, (_, shard) => shard).flatMap((shard) => [
    metadataPartition(model, shard),
    revisionPartition(model, shard),
  ])

/** Returns the first and the last item of each partition. Items whose sort key is damaged are ignored. */
const placedItems = async (partitionKeys: readonly string[], resourceKeys: ResourceKeys): Promise<PlacedItem[]> => {
  const ends = await pMap(
    partitionKeys,
    async (pk) => {
      const shard = parsePartitionKey(pk)?.shard ?? 0
      return (await resourceKeys.endsOf(pk)).map((sortKey) => ({ shard, sortKey }))
    },
    { concurrency: PARALLEL_READS },
  )
  return ends.flat()
}
