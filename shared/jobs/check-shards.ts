import pMap from 'p-map'
import type { ResourceKeys } from '../resources/aws/resource-keys.ts'
import type { ResourceStore } from '../resources/aws/resource-store.ts'
import { emptyModels } from '../resources/empty-models.ts'
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
 *
 * Returns models that have no items. Other models may have no items either: they are not searched for this purpose.
 */
export const checkShards = async (models: readonly string[], services: ShardServices): Promise<ReadonlySet<string>> => {
  const stored = await services.shardRecords.find(models)
  const withoutData = [...stored].filter(([, record]) => record.withoutData)
  const empty = new Set(
    await emptyModels(
      withoutData.map(([model, record]) => ({ model, shards: checkedShards(model, record, services) })),
      services,
      [...stored.keys()].filter((model) => stored.get(model)?.withoutData === false),
    ),
  )
  const hasRecord = (model: string): boolean => {
    const record = stored.get(model)
    return record !== undefined && (!record.withoutData || empty.has(model))
  }
  for (const [model, record] of stored)
    if (hasRecord(model) && (await compare(model, record, services, empty.has(model))) === 'empty') empty.add(model)
  const others = models.filter((model) => !hasRecord(model))
  if (others.length > 0) for (const model of await storeShardsOfData(others, services, stored)) empty.add(model)
  return empty
}

/**
 * Derives the number of shards of each model from its data, and stores it. `replaced` contains the records so far.
 * Returns models that have no items.
 */
const storeShardsOfData = async (
  models: readonly string[],
  services: ShardServices,
  replaced: ReadonlyMap<string, StoredShards>,
): Promise<string[]> => {
  const { shardRecords, resourceKeys } = services
  const empty: string[] = []
  const partitionKeys = await resourceKeys.partitionKeys({ max: MAX_PARTITIONS })
  for (const model of models) {
    const registered = services.models.get(model).shards
    const own = partitionKeys?.filter((pk) => parsePartitionKey(pk)?.model === model) ?? possiblePartitions(model)
    if (own.length === 0) empty.push(model)
    const items = await placedItems(own, resourceKeys)
    const shards = shardsOfData(items, registered)
    if (shards !== registered) throw new ShardsChangedError(model, shards, registered)
    const record = { shards, withoutData: items.length === 0 }
    if (await shardRecords.store(model, record, replaced.get(model)?.shards)) continue
    // Another job has stored a number in the meantime.
    for (const [, stored] of await shardRecords.find([model])) await compare(model, stored, services)
  }
  return empty
}

/** Returns `empty` if the numbers differ, but the model has no items. Throws if it has items. */
const compare = async (
  model: string,
  record: StoredShards,
  services: ShardServices,
  isKnownEmpty = false,
): Promise<'equal' | 'empty'> => {
  const stored = record.shards
  const registered = services.models.get(model).shards
  if (stored === registered) return 'equal'
  const shards = checkedShards(model, record, services)
  const isEmpty = isKnownEmpty || (await services.resources.isEmpty(model, shards))
  if (!isEmpty || !(await services.shardRecords.store(model, { shards: registered, withoutData: true }, stored)))
    throw new ShardsChangedError(model, stored, registered)
  return 'empty'
}

/**
 * Returns the number of shards in which items of a model are searched: the stored and the registered shards, and at
 * least those that a model has by default. If these are only some of the shards that contain data, they contain items
 * unless the model is very small.
 */
const checkedShards = (model: string, { shards }: StoredShards, { models }: ShardServices): number =>
  Math.max(shards, models.get(model).shards, MIN_CHECKED_SHARDS)

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
