import { idHashOf, shardOf } from './keys.ts'
import { MAX_SHARDS } from './models.ts'

/** A partition of the resource table. It contains the metadata (`m`) or the revisions (`r`) of one shard of a model. */
interface Partition {
  readonly model: string
  readonly kind: 'm' | 'r'
  readonly shard: number
}

const PARTITION_KEY = /^([A-Za-z][A-Za-z0-9_-]{0,62})#([mr])#(0|[1-9][0-9]{0,3})$/

/**
 * Parses a partition key. Returns undefined if the model name is invalid, or if the shard is not less than the largest
 * allowed number of shards.
 */
export const parsePartitionKey = (pk: string): Partition | undefined => {
  const [, model, kind, digits] = PARTITION_KEY.exec(pk) ?? []
  const shard = Number(digits)
  if (model === undefined || shard >= MAX_SHARDS) return undefined
  return { model, kind: kind === 'm' ? 'm' : 'r', shard }
}

/**
 * Returns true if a sort key begins with the id hash of the resource id that follows. The sort key of a damaged item
 * may begin with another id hash.
 */
export const hasOwnIdHash = (sortKey: string): boolean => {
  const [h, id] = sortKey.split('/')
  return id !== undefined && id !== '' && h === idHashOf(id)
}

/**
 * The shard and the sort key of an item. The sort key begins with the id hash of the resource id. The number of shards
 * determines to which shard this id hash belongs.
 */
export interface PlacedItem {
  /** The shard in the partition key of the item. */
  readonly shard: number
  readonly sortKey: string
}

/**
 * Returns the number of shards with which the data of a model was written. `items` are the first and the last item of
 * each partition. Sort keys begin with the id hash, so if the first and the last item are in the right partition, all
 * items between them are in the right partition too. The result is the number of shards with which most of `items` are
 * in the right partition, so a few items in a wrong partition do not change the result. If this is true of several
 * numbers, returns `registered` if it is one of them, and otherwise the smallest number.
 */
export const shardsOfData = (items: readonly PlacedItem[], registered: number): number => {
  let best = registered
  let most = countAgreeing(items, registered)
  for (let shards = 1; shards <= MAX_SHARDS; shards *= 2) {
    const agreeing = countAgreeing(items, shards)
    if (agreeing > most) [best, most] = [shards, agreeing]
  }
  return best
}

const countAgreeing = (items: readonly PlacedItem[], shards: number): number =>
  items.filter(({ shard, sortKey }) => shardOf(sortKey, shards) === shard).length
