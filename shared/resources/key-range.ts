import { must } from '../values/must.ts'
import type { SortKeyRange } from '../tables/item.ts'

/**
 * A range of digest buckets, each 4 hex digits: `from` is inclusive, `to` is exclusive. The end of the hash space is
 * `10000`.
 */
export interface BucketRange {
  readonly from: string
  readonly to: string
}

/** Greater than every sort key, because sort keys begin with a hex digit. */
const END = 'g'

/** The sort keys of a range of digest buckets. */
export const toSortKeys = (range: BucketRange | SortKeyRange): SortKeyRange =>
  'fromSk' in range ? range : { fromSk: range.from, toSk: range.to.length > 4 ? END : range.to }

/** All sort keys. */
export const FULL_RANGE: SortKeyRange = { fromSk: '0', toSk: END }

/** The range of revisions that belongs to a range of metadata. It includes the revisions of the last resource. */
export const revisionRange = ({ fromSk, toSk }: SortKeyRange): SortKeyRange => ({
  fromSk,
  toSk: toSk.includes('/') ? `${toSk}/\u{10ffff}` : toSk,
})

/**
 * The shards that a range covers, in ascending order. The shard of a key is given by the highest bits of its hash key.
 */
export const shardsOf = ({ fromSk, toSk }: SortKeyRange, shards: number): number[] => {
  const first = shardAt(fromSk, shards)
  // No sort key equals a range end of up to 4 digits, so the shard that begins there is not covered.
  const last = /^[0-9a-f]{1,4}$/.test(toSk) ? Math.ceil(fractionOf(toSk) * shards) - 1 : shardAt(toSk, shards)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => first + k)
}

const shardAt = (sk: string, shards: number): number => Math.min(shards - 1, Math.floor(fractionOf(sk) * shards))

/** The position of a sort key in the hash space: at least 0, at most 1. */
const fractionOf = (sk: string): number => {
  const [digits] = must(/^[0-9a-f]{0,4}/.exec(sk))
  // A range end such as `4g` follows all keys that begin with `4`.
  const isAfter = digits.length < 4 && sk.charAt(digits.length) > 'f'
  return (Number.parseInt(digits.padEnd(4, '0'), 16) + (isAfter ? 16 ** (4 - digits.length) : 0)) / 0x10000
}
