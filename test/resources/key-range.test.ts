import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes } from '../../shared/values/text-order.ts'
import {
  contains,
  keysOfShard,
  lastOfShard,
  revisionRange,
  shardsOf,
  toSortKeys,
  withinShard,
  FULL_RANGE,
} from '../../shared/resources/key-range.ts'

describe('a range of sort keys', () => {
  it('ends where the next digest bucket begins or, for the last bucket, after all keys', () => {
    expect(toSortKeys({ from: '0000', to: '4000' })).toEqual({ fromSk: '0000', toSk: '4000' })
    expect(toSortKeys({ from: 'ffff', to: '10000' })).toEqual({ fromSk: 'ffff', toSk: 'g' })
    const keys = { fromSk: 'a', toSk: 'b'.repeat(16) }
    expect(toSortKeys(keys)).toBe(keys)
    expect(FULL_RANGE).toEqual({ fromSk: '0', toSk: 'g' })
  })

  it('includes the revisions of its last resource', () => {
    expect(revisionRange({ fromSk: '1/a', toSk: '2/b' })).toEqual({ fromSk: '1/a', toSk: '2/b/\u{10ffff}' })
    expect(revisionRange({ fromSk: '1/a', toSk: '4000' })).toEqual({ fromSk: '1/a', toSk: '4000' })
  })

  it.each([
    ['0', 'g', 4, [0, 1, 2, 3]],
    ['0', 'g', 1, [0]],
    ['0000', '4000', 4, [0]],
    ['0000', '4001', 4, [0, 1]],
    ['4000', '8000', 4, [1]],
    ['3fff', '4000', 4, [0]],
    ['0', '4', 4, [0]],
    ['0', '41', 4, [0, 1]],
    ['c', 'g', 4, [3]],
    ['ffff', 'g', 4, [3]],
    ['', 'g', 2, [0, 1]],
    ['/', '8000', 2, [0]],
    ['g', 'g', 4, [3]],
    ['4g', 'g', 4, [1, 2, 3]],
    ['4g', 'g', 16, [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]],
    ['4/', 'g', 16, [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]],
    ['fg', 'g', 16, [15]],
    ['12g', '2', 256, [19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]],
    ['4fff/a', '5000/b', 16, [4, 5]],
    ['4fff/a', '5000', 16, [4]],
    ['4fffg', '5000', 16, [4]],
    ['8000', '4000', 4, []],
    ['0000', '0000', 4, []],
  ])('from %j to %j covers, of %d shards, %j', (fromSk, toSk, shards, covered) => {
    expect(shardsOf({ fromSk, toSk }, shards)).toEqual(covered)
  })

  it.each([
    [0, 16, { fromSk: '0000', toSk: '1000' }],
    [9, 16, { fromSk: '9000', toSk: 'a000' }],
    [15, 16, { fromSk: 'f000', toSk: 'g' }],
    [0, 1, { fromSk: '0000', toSk: 'g' }],
    [1, 1024, { fromSk: '0040', toSk: '0080' }],
  ])('of shard %d of %d is %j', (shard, shards, range) => {
    expect(keysOfShard(shard, shards)).toEqual(range)
    expect(withinShard(FULL_RANGE, shard, shards)).toEqual(range)
  })

  it.each([
    ['9123/a', '9fff/b', 9, { fromSk: '9123/a', toSk: '9fff/b' }],
    ['8123/a', '9fff/b', 9, { fromSk: '9000', toSk: '9fff/b' }],
    ['9123/a', 'f', 9, { fromSk: '9123/a', toSk: 'a000' }],
    ['9123/a', '9123/a', 9, { fromSk: '9123/a', toSk: '9123/a' }],
    ['4ffg', '4ffh', 5, undefined],
  ])('from %j to %j contains, of shard %d of 16, %j', (fromSk, toSk, shard, range) => {
    expect(withinShard({ fromSk, toSk }, shard, 16)).toEqual(range)
  })

  const sortKey = fc.oneof(
    fc.stringMatching(/^[0-9a-f]{1,5}$/),
    fc.stringMatching(/^[/0-9:`a-g]{0,6}$/),
    fc.string({ unit: 'binary', maxLength: 6 }),
  )

  it('contains each sort key of a shard in exactly one part, for every division into ranges', () => {
    const buckets = fc.uniqueArray(fc.integer({ min: 1, max: 0xffff }), { maxLength: 5 })
    fc.assert(
      fc.property(sortKey, buckets, fc.integer({ min: 0, max: 15 }), (sk, borders, shard) => {
        const names = [0, ...borders.sort((a, b) => a - b), 0x10000].map((each) => each.toString(16).padStart(4, '0'))
        const parts = names.slice(1).flatMap((to, k) => {
          const range = toSortKeys({ from: names[k] ?? '', to })
          const part = shardsOf(range, 16).includes(shard) ? withinShard(range, shard, 16) : undefined
          return part === undefined ? [] : [part]
        })
        const [first, next] = [`${shard.toString(16)}000`, shard === 15 ? 'g\0' : `${(shard + 1).toString(16)}000`]
        const expected = compareBytes(sk, first) >= 0 && compareBytes(sk, next) < 0 ? 1 : 0
        expect(parts.filter((part) => contains(part, sk))).toHaveLength(expected)
      }),
    )
  })

  it('of a shard contains no sort key greater than `lastOfShard`', () => {
    fc.assert(
      fc.property(sortKey, fc.integer({ min: 0, max: 15 }), (sk, shard) => {
        const range = keysOfShard(shard, 16)
        const last = lastOfShard(range)
        expect(contains(range, last)).toBe(true)
        expect(Buffer.byteLength(last)).toBeLessThanOrEqual(1024)
        if (compareBytes(sk, last) > 0) expect(contains(range, sk)).toBe(false)
      }),
    )
  })
})
