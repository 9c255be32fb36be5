import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BitList } from '../../../shared/restore/extents/bit-list.ts'

describe('BitList', () => {
  it('returns all added bits in order, for any number of bits', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 20_000, size: 'max' }), (pushed) => {
        const bits = BitList.empty()
        for (const bit of pushed) bits.push(bit)
        const decoded = BitList.decode(bits.encode())
        expect(pushed.map((_, index) => decoded.at(index))).toEqual(pushed)
        expect(bits.encode()).toHaveLength(Math.ceil(pushed.length / 8))
      }),
      { numRuns: 50 },
    )
  })

  it('fills each byte from its lowest bit', () => {
    const bits = BitList.empty()
    expect(bits.encode()).toEqual(Buffer.alloc(0))
    for (const index of Array.from({ length: 11 }, (_, k) => k)) bits.push([0, 7, 9].includes(index))
    expect(bits.encode()).toEqual(Buffer.from([0b1000_0001, 0b10]))
    expect([0, 1, 7, 8, 9, 10].map((index) => bits.at(index))).toEqual([true, false, true, false, true, false])
  })

  it('appends to a decoded list', () => {
    const bits = BitList.decode(Buffer.from([0, 0b1000_0000]))
    bits.push(true)
    expect(bits.encode()).toEqual(Buffer.from([0, 0b1000_0000, 1]))
  })

  it('removes bits at its end, for any number of bits', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean()), fc.nat(), fc.array(fc.boolean()), (first, cut, second) => {
        const kept = first.slice(0, cut % (first.length + 1))
        const bits = BitList.empty()
        for (const bit of first) bits.push(bit)
        expect(bits.length).toBe(first.length)
        bits.truncate(kept.length)
        for (const bit of second) bits.push(bit)
        const expected = BitList.empty()
        for (const bit of [...kept, ...second]) expected.push(bit)
        expect(bits.encode()).toEqual(expected.encode())
      }),
    )
    const bits = BitList.decode(Buffer.from([0xff, 0xff]))
    bits.truncate(8)
    expect(bits.encode()).toEqual(Buffer.from([0xff]))
  })

  it('throws for an index beyond the end', () => {
    expect(() => BitList.decode(Buffer.alloc(1)).at(8)).toThrow(RangeError)
    const bits = BitList.empty()
    bits.push(true)
    expect(bits.at(0)).toBe(true)
    expect(() => bits.at(1)).toThrow(new RangeError('there is no bit 1; the list has 1 bits'))
  })
})
