import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitReversed } from '../../shared/values/bit-reversed.ts'

describe('bitReversed', () => {
  it('returns every number once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), (count) => {
        expect([...bitReversed(count)].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n))
      }),
    )
  })

  it('begins with numbers that are far apart', () => {
    expect(bitReversed(8)).toEqual([0, 4, 2, 6, 1, 5, 3, 7])
    expect(bitReversed(5)).toEqual([0, 4, 2, 1, 3])
  })

  it.each([
    [0, []],
    [1, [0]],
    [2, [0, 1]],
    [3, [0, 2, 1]],
    [4, [0, 2, 1, 3]],
  ])('orders %i numbers as %j', (count, order) => {
    expect(bitReversed(count)).toEqual(order)
  })
})
