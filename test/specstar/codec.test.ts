import { decode, encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMsgpack } from '../../shared/specstar/msgpack-reader.ts'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { orderedJsonText, parseOrderedJson } from '../../shared/resources/ordered-json.ts'
import { decodeTimestamp, encodeTimestamp, streamTime, Timestamp } from '../../shared/specstar/timestamp.ts'

const text = fc.string({ unit: 'grapheme' })
/** Values of JSON in our form: integers as bigint, floats as number, maps in order. */
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    text,
    fc.array(tie('value')),
    fc.array(fc.tuple(text, tie('value'))).map((pairs) => new Map(pairs)),
  ),
}))

describe('msgpack', () => {
  it('comes back as it was written: whole floats, minus zero, big integers and the order of keys too', () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(decodeMsgpack(encodeMsgpack(one))).toEqual(one)
      }),
    )
    expect(Object.is(decodeMsgpack(encodeMsgpack(-0)), -0)).toBe(true)
    expect(decodeMsgpack(encodeMsgpack(1))).toBe(1)
    expect(decodeMsgpack(encodeMsgpack(1n))).toBe(1n)
  })

  it('is written as another writer of the shortest form writes it, and read by another reader', () => {
    for (const number of [
      0,
      1,
      127,
      128,
      255,
      256,
      65_535,
      65_536,
      2 ** 32 - 1,
      -1,
      -32,
      -33,
      -128,
      -129,
      -32_768,
      -32_769,
      -(2 ** 31),
    ])
      expect(encodeMsgpack(BigInt(number)).equals(encode(number))).toBe(true)
    for (const length of [0, 31, 32, 255, 256, 65_535, 65_536]) {
      expect(encodeMsgpack('x'.repeat(length)).equals(encode('x'.repeat(length)))).toBe(true)
      expect(encodeMsgpack(Buffer.alloc(length)).equals(encode(new Uint8Array(length)))).toBe(true)
      const list = Array.from({ length }, () => null)
      expect(encodeMsgpack(list).equals(encode(list))).toBe(true)
      const map = new Map(list.map((member, k) => [k.toString(), member]))
      expect(decode(encodeMsgpack(map))).toEqual(Object.fromEntries(map))
    }
  })

  it.each([
    ['nothing', '', 'ends inside'],
    ['a text that is cut', 'a361', 'ends inside'],
    ['a list that lies about its length', 'ddffffffff', 'ends inside a list'],
    ['a map that lies about its length', 'dfffffffff', 'ends inside'],
    ['a type that does not exist', 'c1', 'no msgpack type'],
    ['an unknown extension', 'd40500', 'extension of type 5'],
    ['a text that is not UTF-8', 'a2c328', 'not UTF-8'],
    ['a key that is no text', '810101', 'not a text'],
    ['bytes behind the value', 'c0c0', '1 bytes after'],
    ['a thousand levels', `${'91'.repeat(1000)}c0`, 'levels'],
  ])('%s is refused', (_what, hex, message) => {
    expect(() => decodeMsgpack(Buffer.from(hex, 'hex'))).toThrow(RangeError)
    expect(() => decodeMsgpack(Buffer.from(hex, 'hex'))).toThrow(message)
  })
})

describe('indexed data as JSON text', () => {
  it('loses nothing on its way to text and back', () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(parseOrderedJson(orderedJsonText(one))).toEqual(one)
      }),
    )
    expect(
      orderedJsonText(
        new Map<string, unknown>([
          ['b', 1],
          ['10', 1n],
          ['9', -0],
        ]),
      ),
    ).toBe('{"b":1.0,"10":1,"9":-0.0}')
  })

  it('is the value that JSON.parse gives, for any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const plain = (one: unknown): unknown => {
          if (one instanceof Map)
            return Object.fromEntries([...one].map(([key, member]) => [String(key), plain(member)]))
          if (Array.isArray(one)) return one.map(plain)
          return typeof one === 'bigint' ? Number(one) : Object.is(one, -0) ? 0 : one
        }
        // An object that has this key compares by its prototype.
        const comparable = json.replaceAll('__proto__', 'proto')
        expect(plain(parseOrderedJson(comparable))).toEqual(JSON.parse(comparable))
      }),
    )
  })

  it.each(['', '{', '{"a"}', '[1,]', '01', '"\n"', 'nul', '1 2', '{"a":1,}', '"\\x"'])('%j is refused', (json) => {
    expect(() => parseOrderedJson(json)).toThrow(RangeError)
  })
})

describe('a time', () => {
  it.each([
    ['2026-01-05T08:30:00Z', 'd6ff695b7688'],
    ['2026-01-05T08:30:00.000001Z', 'd7ff00000fa0695b7688'],
    ['1969-12-31T23:59:59Z', 'c70cff00000000ffffffffffffffff'],
    ['2106-02-07T06:28:16Z', 'd7ff0000000100000000'],
    ['2514-05-30T01:53:04Z', 'c70cff000000000000000400000000'],
    ['0001-01-01T00:00:00Z', 'c70cff00000000fffffff1886e0900'],
    ['9999-12-31T23:59:59.999999Z', 'c70cff3b9ac6180000003afff4417f'],
  ])('%s is %s in a stream, and back', (time, hex) => {
    const bytes = encodeTimestamp(new Timestamp(time))
    expect(bytes.toString('hex')).toBe(hex)
    expect(decodeMsgpack(bytes)).toEqual(new Timestamp(time))
  })

  it('keeps its instant where the store has an offset, and stays text where it has none', () => {
    expect(encodeTimestamp(new Timestamp('2026-03-01T08:00:00+08:00'))).toEqual(
      encodeTimestamp(new Timestamp('2026-03-01T00:00:00Z')),
    )
    expect(streamTime('2024-03-01T09:30:00')).toBe('2024-03-01T09:30:00')
    expect(streamTime('2024-03-01 09:30')).toBe('2024-03-01T09:30:00')
    expect(() => streamTime('soon')).toThrow(RangeError)
  })

  it('outside of the years 1 to 9999 is refused', () => {
    const seconds = Buffer.alloc(12)
    seconds.writeBigInt64BE(253_402_300_800n, 4)
    expect(() => decodeTimestamp(seconds)).toThrow('years')
  })
})
