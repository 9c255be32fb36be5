import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rangeBytesOf, splitBuckets } from '../../shared/export/plan-export.ts'

const MIB = 1024 * 1024

describe('the ranges of an export', () => {
  it('contain every digest bucket once, in order, for any number of ranges', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1, max: 70_000 }), (count) => {
        const ranges = splitBuckets('m', count)
        expect(ranges[0]?.from).toBe('0000')
        expect(ranges.at(-1)?.to).toBe('10000')
        const wrong = ranges.filter(
          ({ from, to }, k) =>
            Number.parseInt(from, 16) >= Number.parseInt(to, 16) || (k > 0 && from !== ranges[k - 1]?.to),
        )
        expect(wrong).toEqual([])
      }),
      { numRuns: 30 },
    )
  })

  it.each([
    [0, 1],
    [3, 1],
    [4, 2],
    [10, 4],
    [12, 4],
    [100, 4],
    [256, 4],
    [257, 5],
    [6_400, 100],
    [64 * 5_000, 5_000],
    [64 * 1_000_000, 5_000],
  ])('of %i MiB are %i', (total, ranges) => {
    const limits = { rangeBytes: 64 * MIB }
    expect(splitBuckets('country', Math.ceil((total * MIB) / rangeBytesOf(total * MIB, limits)))).toHaveLength(ranges)
  })
})
