import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareBytes } from '../../shared/values/text-order.ts'

describe('the order of texts', () => {
  it.each([
    ['', '', 0],
    ['a', 'a', 0],
    ['', 'a', -1],
    ['ab', 'a', 1],
    ['a', 'b', -1],
    ['ab', 'b', -1],
    ['ba', 'ab', 1],
    ['\ud7ff', '\ue000', -1],
    ['\u{10000}', '\uffff', 1],
    ['\ue000', '\u{10000}', -1],
    ['\u{10000}', '\u{10001}', -1],
    ['\ud7ff', '\u{10000}', -1],
    ['\u{10ffff}', '\uffff', 1],
    ['\u{10000}', '\u{10ffff}', -1],
    ['\u{1f600}', '\ufffd', 1],
  ])('of %j and %j is that of their UTF-8 bytes', (a, b, order) => {
    expect(Math.sign(compareBytes(a, b))).toBe(order)
    expect(Math.sign(compareBytes(b, a))).toBe(-order || 0)
    expect(Buffer.compare(Buffer.from(a), Buffer.from(b))).toBe(order)
  })

  it('is that of the UTF-8 bytes for random texts', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed())
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
    )
  })
})
