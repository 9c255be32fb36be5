import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equalRanges } from '../../shared/values/equal-ranges.ts'

describe('equal ranges', () => {
  it('cover the length without gaps, are as few as possible, and differ by at most one', () => {
    const lengths = fc.oneof(
      fc.record({ length: fc.integer({ min: 1, max: 10_000 }), max: fc.integer({ min: 1, max: 1_000 }) }),
      fc.record({ length: fc.integer({ min: 1, max: 5 * 2 ** 40 }), max: fc.constant(2 ** 30) }),
    )
    fc.assert(
      fc.property(lengths, ({ length, max }) => {
        const ranges = equalRanges(length, max)
        expect(ranges).toHaveLength(Math.ceil(length / max))
        let end = 0
        for (const range of ranges) {
          expect(range.start).toBe(end)
          expect(range.length).toBeLessThanOrEqual(max)
          end += range.length
        }
        expect(end).toBe(length)
        const sizes = ranges.map((range) => range.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('contain the last byte, also if the product of the length and a number of ranges is not exact', () => {
    const length = 1_610_612_736_001
    const last = equalRanges(length, 2 ** 28).at(-1)
    expect((last?.start ?? 0) + (last?.length ?? 0)).toBe(length)
  })

  it('are none if there is nothing to divide', () => {
    expect(equalRanges(0, 5)).toEqual([])
  })
})
