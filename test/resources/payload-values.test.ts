import { describe, expect, it } from 'vitest'
import { PayloadInstant } from '../../shared/resources/payload.ts'
import { sameValue, valueAt, valuesAt } from '../../shared/resources/payload-values.ts'

describe('a path in a payload', () => {
  it('selects own keys of maps only', () => {
    const payload = { a: { b: [1n, { c: 2n }], n: null }, 'x.y': 1n }
    expect(valueAt(payload, 'a.b')).toEqual([1n, { c: 2n }])
    expect(valueAt(payload, 'a.n')).toBeNull()
    for (const path of ['a.n.x', 'a.b.1', 'a.b.length', 'x.y', '', 'a.', 'toString', 'a.constructor'])
      expect(valueAt(payload, path)).toBeUndefined()
    for (const value of [Buffer.from('ab'), new PayloadInstant('t')])
      expect(valueAt({ value }, 'value.0')).toBeUndefined()
    expect(valueAt({ value: new PayloadInstant('t') }, 'value.text')).toBeUndefined()
  })

  it('selects all values in lists if all are requested', () => {
    const payload = [{ a: [[{ b: [1n, [2n]] }], { b: null }, 'x', {}] }, { a: { b: [] } }, null]
    expect(valuesAt(payload, 'a.b')).toEqual([1n, 2n, null])
    expect(valuesAt(payload, 'b')).toEqual([])
    expect(valuesAt({ a: 1n }, 'toString')).toEqual([])
  })
})

describe('two values of payloads', () => {
  const instant = new PayloadInstant('2026-01-05T08:30:00.000000Z')

  it.each<[unknown, unknown]>([
    [1n, 1n],
    [1n, 1],
    [0.5, 0.5],
    [NaN, NaN],
    ['a', 'a'],
    [null, null],
    [[], []],
    [
      [1n, ['x']],
      [1, ['x']],
    ],
    [{}, {}],
    [
      { a: 1n, b: [null] },
      { b: [null], a: 1 },
    ],
    [instant, new PayloadInstant(instant.text)],
    [instant, '2026-01-05T16:30:00+08:00'],
    [Buffer.from([0, 255]), 'AP8='],
    [Buffer.from([0, 255]), new Uint8Array([0, 255])],
    [NaN, null],
    [Infinity, null],
    [Infinity, Infinity],
  ])('%o and %o are equal', (a, b) => {
    expect(sameValue(a, b)).toBe(true)
    expect(sameValue(b, a)).toBe(true)
  })

  it.each<[unknown, unknown]>([
    [1n, 2n],
    [1n, 1.5],
    [1n, NaN],
    [9007199254740993n, 9007199254740992],
    [0, -0],
    [1n, '1'],
    [1n, true],
    ['2026-01-05T08:30:00Z', '2026-01-05T08:30:00.0Z'],
    [null, undefined],
    [[], {}],
    [[1n], [1n, 2n]],
    [[1n], [2n]],
    [
      [1n, 2n],
      [2n, 1n],
    ],
    [{ a: 1n }, {}],
    [{ a: 1n }, { a: 2n }],
    [{ a: 1n }, { b: 1n }],
    [{ toString: undefined }, { a: undefined }],
    [{ a: 1n }, null],
    [instant, new PayloadInstant('2026-01-05T08:30:00.000001Z')],
    [instant, '2026-01-05T08:30:01Z'],
    [instant, 'not a time'],
    [instant, 1767601800n],
    [instant, null],
    [Buffer.from([0, 255]), 'AP4='],
    [Buffer.from([0, 255]), 'AP8'],
    [Buffer.from([0, 255]), Buffer.from([0, 254])],
    [Buffer.from([0, 255]), { 0: 0n, 1: 255n }],
    [Buffer.alloc(0), null],
    [NaN, undefined],
    [NaN, Infinity],
    [NaN, 0],
  ])('%o and %o are different', (a, b) => {
    expect(sameValue(a, b)).toBe(false)
    expect(sameValue(b, a)).toBe(false)
  })
})
