import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalRanges } from '../../shared/values/equal-ranges.ts'

describe('equal ranges', () => {
  it('cover the length without gaps, are as few as possible, and differ by at most one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 1_000 }), (length, max) => {
        const ranges = equalRanges(length, max)
        expect(ranges).toHaveLength(Math.ceil(length / max))
        let end = 0
        for (const range of ranges) {
          expect(range.start).toBe(end)
          expect(range.length).toBeLessThanOrEqual(max)
          end += range.length
        }
        expect(end).toBe(length)
        const lengths = ranges.map((range) => range.length)
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('are none if there is nothing to divide', () => {
    expect(equalRanges(0, 5)).toEqual([])
  })
})
