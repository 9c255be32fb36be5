import { must } from '../values/must.ts'
import type { SortKeyRange } from '../tables/item.ts'
import { compareBytes } from '../values/text-order.ts'

/**
 * A range of digest buckets. The name of a bucket is the first 4 hex digits of an id hash. `from` is inclusive, and
 * `to` is exclusive. If the range includes the last bucket (`ffff`), `to` is `10000`.
 */
export interface BucketRange {
  readonly from: string
  readonly to: string
}

/** A string that is greater than the sort key of every resource, because these sort keys begin with a hex digit. */
const END = 'g'

/**
 * Converts a range of digest buckets to a range of sort keys, whose end can be exclusive (see `isExclusiveEnd`). A range
 * of sort keys is returned unchanged.
 */
export const toSortKeys = (range: BucketRange | SortKeyRange): SortKeyRange =>
  'fromSk' in range ? range : { fromSk: range.from, toSk: range.to.length > 4 ? END : range.to }

/**
 * Returns true if the end of a range does not belong to the range. The end is then a digest bucket, with which the next
 * range begins. An item with exactly this sort key is damaged, and belongs to the next range.
 */
export const isExclusiveEnd = (toSk: string): boolean => /^[0-9a-f]{1,4}$/.test(toSk)

/** Returns true if a range contains a sort key. */
export const contains = ({ fromSk, toSk }: SortKeyRange, sk: string): boolean =>
  compareBytes(sk, fromSk) >= 0 && compareBytes(sk, toSk) < (isExclusiveEnd(toSk) ? 0 : 1)

/**
 * Returns the greatest possible sort key in the range of a shard. If the end of the range is exclusive, this sort key has
 * 1,024 bytes, which is DynamoDB's limit: 4 bytes, and 255 times the last character of Unicode, which has 4 bytes in
 * UTF-8.
 */
export const lastOfShard = ({ toSk }: SortKeyRange): string =>
  isExclusiveEnd(toSk) ? `${characterBefore(toSk)}${'\u{10ffff}'.repeat(255)}` : toSk

/** Replaces the last character with the character whose code is one less. */
const characterBefore = (text: string): string =>
  text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) - 1)

/** The range of all sort keys. */
export const FULL_RANGE: SortKeyRange = { fromSk: '0', toSk: END }

/** Converts a range of sort keys of metadata to the range of sort keys of the revisions of the same resources. */
export const revisionRange = ({ fromSk, toSk }: SortKeyRange): SortKeyRange => ({
  fromSk,
  toSk: toSk.includes('/') ? `${toSk}/\u{10ffff}` : toSk,
})

/**
 * Returns the numbers of the shards that may contain keys of the range, in ascending order. `shards` is the number of
 * shards of the model.
 */
export const shardsOf = ({ fromSk, toSk }: SortKeyRange, shards: number): number[] => {
  const first = shardAt(fromSk, shards)
  // If `toSk` is exclusive, the shard that begins at `toSk` has no keys of the range.
  const last = isExclusiveEnd(toSk) ? Math.ceil(fractionOf(toSk) * shards) - 1 : shardAt(toSk, shards)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => first + k)
}

/** Returns the range of the sort keys that belong to a shard. Each sort key belongs to at most one shard. */
export const keysOfShard = (shard: number, shards: number): SortKeyRange => ({
  fromSk: borderOf(shard, shards),
  toSk: shard + 1 === shards ? END : borderOf(shard + 1, shards),
})

const borderOf = (shard: number, shards: number): string => ((shard * 0x10000) / shards).toString(16).padStart(4, '0')

/**
 * Returns the part of a range that belongs to a shard, or undefined if no part belongs to the shard. If an item is in
 * the partition of a wrong shard, its sort key is outside of the returned range.
 */
export const withinShard = (range: SortKeyRange, shard: number, shards: number): SortKeyRange | undefined => {
  const own = keysOfShard(shard, shards)
  const fromSk = compareBytes(range.fromSk, own.fromSk) < 0 ? own.fromSk : range.fromSk
  const toSk = compareBytes(range.toSk, own.toSk) > 0 ? own.toSk : range.toSk
  return compareBytes(fromSk, toSk) > 0 ? undefined : { fromSk, toSk }
}

const shardAt = (sk: string, shards: number): number => Math.min(shards - 1, Math.floor(fractionOf(sk) * shards))

/**
 * Returns the relative position of a sort key among all possible id hashes: 0 for the first, and 1 for the end of the
 * range.
 */
const fractionOf = (sk: string): number => {
  const [digits] = must(/[0-9a-f]{0,4}/.exec(sk))
  // A range end such as `4g` is greater than all keys that begin with `4`.
  const isAfter = digits.length < 4 && sk.charAt(digits.length) > 'f'
  return (Number.parseInt(digits.padEnd(4, '0'), 16) + (isAfter ? 16 ** (4 - digits.length) : 0)) / 0x10000
}
