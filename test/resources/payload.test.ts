import { encode, encodeTimeSpecToTimestamp, encodeTimestampExtension, ExtData } from '@msgpack/msgpack'
import { describe, expect, it } from 'vitest'
import { decodePayload, PayloadInstant } from '../../shared/resources/payload.ts'
import { blobRefs } from '../../shared/resources/payload-references.ts'
import { valueAt } from '../../shared/resources/payload-values.ts'

describe('a decoded payload', () => {
  it('of JSON keeps large integers, and floats differ from integers', () => {
    expect(decodePayload('{"a":9007199254740993,"b":1.0,"c":-3,"d":1e21,"e":"7"}')).toEqual({
      a: 9007199254740993n,
      b: 1,
      c: -3n,
      d: 1e21,
      e: '7',
    })
  })

  it('of msgpack is recognized by its first byte', () => {
    const time = encodeTimestampExtension(new Date('2026-01-05T08:30:00.250Z'))
    const bytes = encode(
      { n: 2n ** 62n, s: 3, f: 0.5, t: new ExtData(-1, time ?? new Uint8Array()) },
      { useBigInt64: true },
    )
    expect(decodePayload(bytes)).toEqual({
      n: 2n ** 62n,
      s: 3n,
      f: 0.5,
      t: new PayloadInstant('2026-01-05T08:30:00.250000Z'),
    })
  })

  it('of msgpack can contain the key __proto__ at any depth, like any other key', () => {
    const json =
      '{"__proto__":{"file_id":"a"},"x":[{"__proto__":{"__proto__":[1,{".":"__proto__"}]}}],".":2,"too long to be cached":3}'
    const bytes = encode(JSON.parse(json))
    const payload = decodePayload(bytes)
    expect(payload).toEqual(decodePayload(json))
    expect(Object.keys(payload as object)).toContain('__proto__')
    expect(Object.getPrototypeOf(payload)).toBe(Object.prototype)
    expect(blobRefs(payload)).toEqual([{ file_id: 'a' }])
    expect(valueAt(payload, '__proto__.file_id')).toBe('a')
  })

  it('of msgpack can have lists and numbers as keys', () => {
    const bytes = Buffer.from([0x82, 0x91, 0xa9, ...Buffer.from('__proto__'), 0x05, 0x01, 0xa1, 0x61])
    expect(decodePayload(bytes)).toEqual(
      JSON.parse('{"__proto__":5,"1":"a"}', (_key, value: unknown) => (value === 5 ? 5n : value)),
    )
  })

  it.each([
    [[0x05], 5n],
    [[0x7b], 123n],
    [[0x00], 0n],
    [[0x7f], 127n],
    [[0x37], 7n],
    [[0x80 + 0x50, 0xff], -1n],
    [[0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0], 1n],
    [[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 1.5],
    [[0xe0], -32n],
    [[0xa1, 0x61], 'a'],
    [[0xc0], null],
    [[0xc3], true],
    [[0x80 + 0x10], []],
    [[0x80], {}],
  ])('of msgpack can be a single value: %j', (bytes, value) => {
    expect(decodePayload(Buffer.from(bytes))).toEqual(value)
  })

  it.each([
    '',
    '{"',
    'nonsense',
    '{"a":1}}',
    '勇',
    '\u0085',
    '  ',
    '--',
    Buffer.from([]),
    Buffer.from([0x05, 0x05]),
    Buffer.from([0x80, 0x80]),
    Buffer.from([0x81]),
    Buffer.from([0xc1]),
    Buffer.from([0xff, 0xff]),
  ])('that is neither JSON nor msgpack is undefined: %j', (data) => {
    expect(decodePayload(data)).toBeUndefined()
  })

  it.each([
    [0, 0, '1970-01-01T00:00:00.000000Z'],
    [1, 999, '1970-01-01T00:00:01.000000Z'],
    [1, 1_000, '1970-01-01T00:00:01.000001Z'],
    [1_767_601_800, 123_456_789, '2026-01-05T08:30:00.123456Z'],
    [-1, 999_999_999, '1969-12-31T23:59:59.999999Z'],
  ])('of msgpack can contain the instant of %d seconds and %d nanoseconds', (sec, nsec, text) => {
    const bytes = encode(new ExtData(-1, encodeTimeSpecToTimestamp({ sec, nsec })))
    expect(decodePayload(bytes)).toEqual(new PayloadInstant(text))
  })

  it('of JSON in a string keeps its characters, even a lone surrogate', () => {
    expect(decodePayload('"a\ud800"')).toBe('a\ud800')
  })

  it('is decoded from the bytes of a view only', () => {
    expect(decodePayload(new Uint8Array(Buffer.from('7{"a":1}7')).subarray(1, 8))).toEqual({ a: 1n })
  })
})
