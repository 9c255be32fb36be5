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
  /** The sort key does not begin with a hash key of the shard, or its hash key is not that of the resource id. */
  'wrong_key',
  /** The item is a revision, and the resource has no metadata. */
  'no_metadata',
] as const
export type UnaccountedReason = (typeof UNACCOUNTED_REASONS)[number]

/**
 * The owner of an item, as determined from its key. `resource` means that the item is in a range of keys that an export
 * reads and checks. `ignored` means that the partition key begins with a prefix that the registry ignores. Any other
 * value is the reason why the item belongs to no resource.
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
 * Returns a sort key after which the scan can continue, because all items of the partition up to this key have the same
 * owner. Returns undefined if this holds for all items of the partition. The owner of the given item must be `resource`
 * or `ignored`.
 */
export const lastWithSameOwner = ({ pk }: Key, models: ModelRegistry): string | undefined => {
  const partition = parsePartitionKey(pk)
  if (partition === undefined || !models.has(partition.model)) return undefined
  return keysOfShard(partition.shard, models.get(partition.model).shards).toSk
}
