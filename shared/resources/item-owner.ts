import type { Key } from '../tables/item.ts'
import { compareBytes } from '../values/text-order.ts'
import { keysOfShard } from './key-range.ts'
import type { ModelRegistry } from './models.ts'
import { parsePartitionKey } from './partitions.ts'

/** Why an item of the resource table belongs to no resource. */
export const UNACCOUNTED_REASONS = [
  /** The partition key does not belong to a registered model. */
  'unregistered_model',
  /** The partition key belongs to a registered model, but its shard is not below the registered number. */
  'unregistered_shard',
  /** The sort key does not begin with a hash key of the shard, or with the hash key of the resource id. */
  'wrong_key',
  /** The item is a revision, and the resource has no metadata. */
  'no_metadata',
] as const
export type UnaccountedReason = (typeof UNACCOUNTED_REASONS)[number]

/**
 * What the key of an item says about its owner. For `resource`, an export of the model reads the item, and checks it.
 * For `ignored`, the registry names a prefix of the partition key.
 */
export type ItemOwner = 'resource' | 'ignored' | Exclude<UnaccountedReason, 'no_metadata'>

/** Returns the owner of an item. */
export const ownerOf = ({ pk, sk }: Key, models: ModelRegistry): ItemOwner => {
  const partition = parsePartitionKey(pk)
  if (partition === undefined || !models.has(partition.model)) {
    return models.ignores(pk) ? 'ignored' : 'unregistered_model'
  }
  const { shards } = models.get(partition.model)
  if (partition.shard >= shards) return 'unregistered_shard'
  const { fromSk, toSk } = keysOfShard(partition.shard, shards)
  return compareBytes(sk, fromSk) < 0 || compareBytes(sk, toSk) > 0 ? 'wrong_key' : 'resource'
}

/**
 * Returns the last sort key of the items that follow an item in its partition and have the same owner. Undefined for
 * the last sort key of the partition. `owner` is `resource` or `ignored`.
 */
export const lastWithSameOwner = ({ pk }: Key, models: ModelRegistry): string | undefined => {
  const partition = parsePartitionKey(pk)
  if (partition === undefined || !models.has(partition.model)) return undefined
  return keysOfShard(partition.shard, models.get(partition.model).shards).toSk
}
