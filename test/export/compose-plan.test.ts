import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runsOf } from '../../shared/export/compose-plan.ts'

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
