import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitBuckets } from '../../shared/export/plan-export.ts'

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
})
