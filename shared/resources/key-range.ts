import { must } from '../values/must.ts'
import type { SortKeyRange } from '../tables/item.ts'

/** A range of digest buckets, 4 hex digits of `h` each: `from` inclusive, `to` exclusive (`10000` is the end). */
export interface BucketRange {
  readonly from: string
  readonly to: string
}

/** Sorts after every sort key: they begin with a hex digit. */
const END = 'g'

export const toSortKeys = (range: BucketRange | SortKeyRange): SortKeyRange =>
  'fromSk' in range ? range : { fromSk: range.from, toSk: range.to.length > 4 ? END : range.to }

export const WHOLE: SortKeyRange = { fromSk: '0', toSk: END }

/** The same run among revisions: also those of a resource whose metadata is the last. */
export const revisionRange = ({ fromSk, toSk }: SortKeyRange): SortKeyRange => ({
  fromSk,
  toSk: toSk.includes('/') ? `${toSk}/\u{10ffff}` : toSk,
})

/** The shards that a run touches, in order. Keys of a shard share the top bits of `h`. */
export const shardsOf = ({ fromSk, toSk }: SortKeyRange, shards: number): number[] => {
  const first = shardAt(fromSk, shards)
  // An end such as `4000` has nothing at it: no key is as short.
  const last = /^[0-9a-f]{1,4}$/.test(toSk) ? Math.ceil(placeAt(toSk) * shards) - 1 : shardAt(toSk, shards)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => first + k)
}

const shardAt = (sk: string, shards: number): number => Math.min(shards - 1, Math.floor(placeAt(sk) * shards))

/** Where a sort key stands in the hash space, 0 to 1. */
const placeAt = (sk: string): number => {
  const [digits] = must(/^[0-9a-f]{0,4}/.exec(sk))
  // `4g` stands after all that begins with `4`.
  const after = digits.length < 4 && sk.charAt(digits.length) > 'f'
  return (Number.parseInt(digits.padEnd(4, '0'), 16) + (after ? 16 ** (4 - digits.length) : 0)) / 0x10000
}
