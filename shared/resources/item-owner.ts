import type { Key } from '../tables/item.ts'
import { contains, keysOfShard, lastOfShard } from './key-range.ts'
import type { ModelRegistry } from './models.ts'
import { parsePartitionKey } from './partitions.ts'

/** Why an item of the resource table belongs to no resource. */
export const UNACCOUNTED_REASONS = [
  /** The partition key does not belong to a registered model. */
  'unregistered_model',
  /**
   * The partition key belongs to a registered model, but its shard is not less than the registered number of shards.
   */
  'unregistered_shard',
  /** The id hash in the sort key does not belong to the shard, or is not the id hash of the resource id. */
  'wrong_key',
  /** The item is a revision, and the resource has no metadata. */
  'no_metadata',
] as const
export type UnaccountedReason = (typeof UNACCOUNTED_REASONS)[number]

/**
 * The owner of an item according to its key:
 *
 * - `resource` if the key is in a range that an export reads. The export then checks the item.
 * - `ignored` if the partition key begins with a prefix that the registry ignores.
 * - Otherwise, the reason why the item belongs to no resource.
 */
export type ItemOwner = 'resource' | 'ignored' | Exclude<UnaccountedReason, 'no_metadata'>

/** Returns the owner of the item with this key. */
export const ownerOf = ({ pk, sk }: Key, models: ModelRegistry): ItemOwner => {
  const partition = parsePartitionKey(pk)
  if (partition === undefined || !models.has(partition.model)) {
    return models.ignores(pk) ? 'ignored' : 'unregistered_model'
  }
  const { shards } = models.get(partition.model)
  if (partition.shard >= shards) return 'unregistered_shard'
  return contains(keysOfShard(partition.shard, shards), sk) ? 'resource' : 'wrong_key'
}

/**
 * Returns the greatest possible sort key of the partition up to which all further items have the same owner as the given
 * item. A scan of the table can skip these items. No item with this key needs to exist. Returns undefined if all further
 * items of the partition have the same owner. The owner of the given item must be `resource` or `ignored`.
 */
export const lastWithSameOwner = ({ pk }: Key, models: ModelRegistry): string | undefined => {
  const partition = parsePartitionKey(pk)
  if (partition === undefined || !models.has(partition.model)) return undefined
  return lastOfShard(keysOfShard(partition.shard, models.get(partition.model).shards))
}
