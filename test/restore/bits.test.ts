import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bits } from '../../shared/restore/bits.ts'

describe('a list of decisions', () => {
  it('gives back every bit that was pushed, in order, whatever their number', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 20_000, size: 'max' }), (decisions) => {
        const bits = Bits.empty()
        for (const decision of decisions) bits.push(decision)
        const decoded = Bits.decode(bits.encode())
        expect(decisions.map((_, place) => decoded.at(place))).toEqual(decisions)
        expect(bits.encode()).toHaveLength(Math.ceil(decisions.length / 8))
      }),
      { numRuns: 50 },
    )
  })

  it('refuses a place that was never decided', () => {
    expect(() => Bits.decode(Buffer.alloc(1)).at(8)).toThrow(RangeError)
  })
})
