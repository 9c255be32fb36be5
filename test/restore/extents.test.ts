import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitReversed } from '../../shared/restore/extents.ts'

describe('the order of application', () => {
  it('names every place once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), (count) => {
        expect([...bitReversed(count)].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n))
      }),
    )
  })

  it('begins far apart, so that the first workers meet different shards', () => {
    expect(bitReversed(8)).toEqual([0, 4, 2, 6, 1, 5, 3, 7])
  })
})
