import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMsgpack, MsgpackReader } from '../../shared/specstar/msgpack-reader.ts'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { Timestamp } from '../../shared/specstar/timestamp.ts'

const text = fc.string({ unit: 'grapheme' })
/** JSON values as the codec represents them: integers as bigint, floats as number, maps in order. */
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

const INCOMPLETE = 'the bytes end inside a msgpack value'
const TOO_DEEP = 'msgpack values may nest at most 500 levels'
const timestampOf = (bytes: number): string => `a timestamp has ${bytes} bytes; only 4, 8 and 12 are allowed`

describe('the msgpack codec', () => {
  it('decodes what it encoded, including whole floats, minus zero, big integers and the order of keys', () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(decodeMsgpack(encodeMsgpack(one))).toEqual(one)
      }),
    )
    expect(Object.is(decodeMsgpack(encodeMsgpack(-0)), -0)).toBe(true)
    expect(decodeMsgpack(encodeMsgpack(1))).toBe(1)
    expect(decodeMsgpack(encodeMsgpack(1n))).toBe(1n)
  })

  it('encodes the same bytes as another encoder of the shortest form', () => {
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
    for (const length of [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
      expect(encodeMsgpack('x'.repeat(length)).equals(encode('x'.repeat(length)))).toBe(true)
      expect(encodeMsgpack(Buffer.alloc(length)).equals(encode(new Uint8Array(length)))).toBe(true)
      const list = Array.from({ length }, () => null)
      expect(encodeMsgpack(list).equals(encode(list))).toBe(true)
      const map = new Map(list.map((member, k) => [k.toString(), member]))
      expect(encodeMsgpack(map).equals(encode(Object.fromEntries(map)))).toBe(true)
    }
  })

  it.each([
    ['no bytes', '', INCOMPLETE],
    ['a truncated text', 'a361', INCOMPLETE],
    ['a truncated number', 'cd01', INCOMPLETE],
    ['truncated bytes', 'c40261', INCOMPLETE],
    ['a truncated list', '9201', INCOMPLETE],
    ['a list whose length is too large', 'ddffffffff', INCOMPLETE],
    ['a truncated map', '81a161', INCOMPLETE],
    ['a map whose size is too large', 'dfffffffff', INCOMPLETE],
    ['a type that does not exist', 'c1', 'byte 0xc1 does not begin a msgpack value'],
    ['an unknown extension', 'd40500', 'msgpack extension 5 is not supported; only timestamps (-1) are'],
    ['a string that is not UTF-8', 'a2c328', 'a msgpack string is not valid UTF-8'],
    ['a key that is an integer', '810101', 'a key of a msgpack map must be a string, not bigint'],
    ['a key that is nil', '81c001', 'a key of a msgpack map must be a string, not nil'],
    ['bytes after the value', 'c0c0', '1 unexpected bytes follow the msgpack value'],
    ['a list of 501 levels', `${'91'.repeat(501)}c0`, TOO_DEEP],
    ['a map of 501 levels', `${'81a161'.repeat(501)}c0`, TOO_DEEP],
    ['a key under 500 maps', `${'81a161'.repeat(500)}8191c0c0`, TOO_DEEP],
    ['a timestamp of 1 byte', 'd4ff00', timestampOf(1)],
    [timestampOf(2), 'd5ff0000', timestampOf(2)],
    [timestampOf(5), 'c705ff0000000000', timestampOf(5)],
    [timestampOf(16), `d8ff${'00'.repeat(16)}`, timestampOf(16)],
  ])('rejects %s', (_what, hex, message) => {
    expect(() => decodeMsgpack(Buffer.from(hex, 'hex'))).toThrow(new RangeError(message))
  })

  it.each<[string, string, unknown]>([
    ['nil', 'c0', null],
    ['false', 'c2', false],
    ['true', 'c3', true],
    ['the smallest integer of 1 byte', '00', 0n],
    ['the largest integer of 1 byte', '7f', 127n],
    ['the largest negative integer', 'ff', -1n],
    ['the smallest negative integer of 1 byte', 'e0', -32n],
    ['an unsigned integer of 8 bits', 'ccff', 255n],
    ['an unsigned integer of 16 bits', 'cdff01', 65_281n],
    ['an unsigned integer of 32 bits', 'ceff000001', 4_278_190_081n],
    ['an unsigned integer of 64 bits', 'cfff00000000000001', 18_374_686_479_671_623_681n],
    ['a signed integer of 8 bits', 'd080', -128n],
    ['a signed integer of 16 bits', 'd18001', -32_767n],
    ['a signed integer of 32 bits', 'd280000001', -2_147_483_647n],
    ['a signed integer of 64 bits', 'd38000000000000001', -9_223_372_036_854_775_807n],
    ['a float of 32 bits', 'ca3fc00000', 1.5],
    ['a float of 64 bits', 'cb3ff8000000000000', 1.5],
    ['a text', 'a161', 'a'],
    ['a text of 31 bytes', `bf${'61'.repeat(31)}`, 'a'.repeat(31)],
    ['a text with a length of 8 bits', 'd90161', 'a'],
    ['a text with a length of 16 bits', 'da000161', 'a'],
    ['a text with a length of 32 bits', 'db0000000161', 'a'],
    ['bytes with a length of 8 bits', 'c40161', Buffer.from('a')],
    ['bytes with a length of 16 bits', 'c5000161', Buffer.from('a')],
    ['bytes with a length of 32 bits', 'c60000000161', Buffer.from('a')],
    ['an empty list', '90', []],
    ['a list of 15', `9f${'01'.repeat(15)}`, Array.from({ length: 15 }, () => 1n)],
    ['a list with a length of 16 bits', 'dc00020102', [1n, 2n]],
    ['a list with a length of 32 bits', 'dd000000020102', [1n, 2n]],
    ['an empty map', '80', new Map()],
    ['a map with a size of 16 bits', 'de0001a16101', new Map([['a', 1n]])],
    ['a map with a size of 32 bits', 'df00000001a16101', new Map([['a', 1n]])],
    ['a map that contains a key twice as the last of both', '82a16101a16102', new Map([['a', 2n]])],
    ['a timestamp of 4 bytes', 'd6ff00000001', new Timestamp('1970-01-01T00:00:01Z')],
    ['a timestamp of 8 bytes', 'd7ff0000000000000001', new Timestamp('1970-01-01T00:00:01Z')],
    ['a timestamp of 12 bytes', `c70cff${'00'.repeat(11)}01`, new Timestamp('1970-01-01T00:00:01Z')],
    ['a timestamp with a length of 8 bits', 'c704ff00000001', new Timestamp('1970-01-01T00:00:01Z')],
    ['a timestamp with a length of 16 bits', 'c80004ff00000001', new Timestamp('1970-01-01T00:00:01Z')],
    ['a timestamp with a length of 32 bits', 'c900000004ff00000001', new Timestamp('1970-01-01T00:00:01Z')],
  ])('decodes %s', (_what, hex, expected) => {
    expect(decodeMsgpack(Buffer.from(hex, 'hex'))).toEqual(expected)
  })

  it('decodes 500 levels', () => {
    let value = decodeMsgpack(Buffer.from(`${'9181a161'.repeat(250)}c0`, 'hex'))
    for (let level = 0; level < 250; level++) value = ((value as unknown[])[0] as Map<string, unknown>).get('a')
    expect(value).toBeNull()
  })

  it('encodes timestamps as the extension, and views of a buffer as their own bytes', () => {
    const time = new Timestamp('2026-01-05T08:30:00Z')
    expect(encodeMsgpack([time]).toString('hex')).toBe('91d6ff695b7688')
    expect(encodeMsgpack(new Uint8Array([1, 2, 3, 4]).subarray(1, 3)).toString('hex')).toBe('c4020203')
  })

  it('encodes integers of at most 64 bits', () => {
    for (const [value, hex] of [
      [2n ** 32n, 'cf0000000100000000'],
      [2n ** 64n - 1n, 'cfffffffffffffffff'],
      [-(2n ** 31n) - 1n, 'd3ffffffff7fffffff'],
      [-(2n ** 63n), 'd38000000000000000'],
    ] as const)
      expect(encodeMsgpack(value).toString('hex')).toBe(hex)
    expect(() => encodeMsgpack(2n ** 64n)).toThrow(RangeError)
    expect(() => encodeMsgpack(-(2n ** 63n) - 1n)).toThrow(RangeError)
  })

  it.each([
    ['undefined', undefined],
    ['object', {}],
    ['symbol', Symbol('a')],
  ])('does not encode a value of type %s', (type, value) => {
    expect(() => encodeMsgpack([value])).toThrow(new TypeError(`a value of type ${type} cannot be encoded as msgpack`))
  })
})

describe('a msgpack reader', () => {
  it('returns its offset and the number of remaining bytes', () => {
    const reader = new MsgpackReader(Buffer.from('c0a16101', 'hex'), 1)
    expect([reader.offset, reader.remaining]).toEqual([1, 3])
    expect(reader.readValue()).toBe('a')
    expect([reader.offset, reader.remaining]).toEqual([3, 1])
    expect(reader.readBytes(1)).toEqual(Buffer.from([1]))
    expect([reader.offset, reader.remaining]).toEqual([4, 0])
    expect(reader.readBytes(0)).toHaveLength(0)
    expect(() => reader.readBytes(1)).toThrow(new RangeError(INCOMPLETE))
    expect(reader.offset).toBe(4)
    expect(new MsgpackReader(Buffer.alloc(1)).offset).toBe(0)
  })

  it('returns binary values as views of its bytes', () => {
    const bytes = Buffer.from('c4020102', 'hex')
    const view = new MsgpackReader(bytes).readValue()
    bytes[3] = 9
    expect(view).toEqual(Buffer.from([1, 9]))
  })

  it.each([
    ['80', 0, 1],
    ['8f', 15, 1],
    ['de0101', 257, 3],
    ['df00010001', 65_537, 5],
  ])('reads the header of the map %s', (hex, size, offset) => {
    const reader = new MsgpackReader(Buffer.from(hex, 'hex'))
    expect(reader.readMapHeader()).toBe(size)
    expect(reader.offset).toBe(offset)
  })

  it.each(['7f', '90', 'c0', 'dd00000001', 'e0'])('rejects %s as the header of a map', (hex) => {
    expect(() => new MsgpackReader(Buffer.from(hex, 'hex')).readMapHeader()).toThrow(
      new RangeError(`a msgpack map is expected, but byte 0x${hex.slice(0, 2)} does not begin a map`),
    )
  })

  it.each([
    ['c4ff', 255, 2],
    ['c50101', 257, 3],
    ['c600010001', 65_537, 5],
  ])('reads the binary header %s but not the bytes after it', (hex, length, offset) => {
    const reader = new MsgpackReader(Buffer.from(hex, 'hex'))
    expect(reader.readBinaryHeader()).toBe(length)
    expect(reader.offset).toBe(offset)
  })

  it.each(['', 'c3ff', 'c7ff', 'a161'])('reads nothing from %j, which is not binary', (hex) => {
    const reader = new MsgpackReader(Buffer.from(hex, 'hex'))
    expect(reader.readBinaryHeader()).toBeUndefined()
    expect(reader.offset).toBe(0)
  })
})
