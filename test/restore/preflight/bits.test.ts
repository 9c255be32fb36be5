import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bits } from '../../../shared/restore/preflight/bits.ts'

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

  it('is packed from the lowest bit of each byte on', () => {
    const bits = Bits.empty()
    expect(bits.encode()).toEqual(Buffer.alloc(0))
    for (const place of Array.from({ length: 11 }, (_, k) => k)) bits.push([0, 7, 9].includes(place))
    expect(bits.encode()).toEqual(Buffer.from([0b1000_0001, 0b10]))
    expect([0, 1, 7, 8, 9, 10].map((place) => bits.at(place))).toEqual([true, false, true, false, true, false])
  })

  it('goes on behind what was decoded', () => {
    const bits = Bits.decode(Buffer.from([0, 0b1000_0000]))
    bits.push(true)
    expect(bits.encode()).toEqual(Buffer.from([0, 0b1000_0000, 1]))
  })

  it('refuses a place that was never decided', () => {
    expect(() => Bits.decode(Buffer.alloc(1)).at(8)).toThrow(RangeError)
  })
})
