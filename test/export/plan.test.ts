import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runsOf } from '../../shared/export/compose-plan.ts'
import { splitBuckets } from '../../shared/export/plan.ts'

describe('the ranges of an export', () => {
  it('cover every bucket once, in order, whatever their number', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1, max: 70_000 }), (count) => {
        const ranges = splitBuckets('m', count)
        expect(ranges[0]?.from).toBe('0000')
        expect(ranges.at(-1)?.to).toBe('10000')
        for (const [k, { from, to }] of ranges.entries()) {
          expect(Number.parseInt(from, 16)).toBeLessThan(Number.parseInt(to, 16))
          if (k > 0) expect(from).toBe(ranges[k - 1]?.to)
        }
      }),
      { numRuns: 30 },
    )
  })
})

describe('runs of a list', () => {
  it('hold every element once, in order, in at most as many runs as asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.integer({ min: 1, max: 50 }), (list, count) => {
        const runs = runsOf(list, count)
        expect(runs.flat()).toEqual(list)
        expect(runs.length).toBeLessThanOrEqual(count)
        expect(runs.every((run) => run.length > 0)).toBe(true)
      }),
    )
  })
})
