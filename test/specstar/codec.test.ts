import { encode } from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMsgpack, MsgpackReader } from '../../shared/specstar/msgpack-reader.ts'
import { encodeMsgpack } from '../../shared/specstar/msgpack-writer.ts'
import { orderedJsonText, parseOrderedJson } from '../../shared/values/ordered-json.ts'
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
    ['nothing', '', 'it ends inside a value'],
    ['a text that is cut', 'a361', 'it ends inside a value'],
    ['a number that is cut', 'cd01', 'it ends inside a value'],
    ['bytes that are cut', 'c40261', 'it ends inside a value'],
    ['a list that is cut', '9201', 'it ends inside a list'],
    ['a list that lies about its length', 'ddffffffff', 'it ends inside a list'],
    ['a map that is cut', '81a161', 'it ends inside a value'],
    ['a map that lies about its length', 'dfffffffff', 'it ends inside a value'],
    ['a type that does not exist', 'c1', 'there is no msgpack type c1'],
    ['an unknown extension', 'd40500', 'an extension of type 5'],
    ['a text that is not UTF-8', 'a2c328', 'a text that is not UTF-8'],
    ['a key that is no text', '810101', 'a key that is not a text'],
    ['bytes behind the value', 'c0c0', '1 bytes after the value'],
    ['a list of 501 levels', `${'91'.repeat(501)}c0`, 'more than 500 levels'],
    ['a map of 501 levels', `${'81a161'.repeat(501)}c0`, 'more than 500 levels'],
    ['a key under 500 maps', `${'81a161'.repeat(500)}8191c0c0`, 'more than 500 levels'],
    ['a time of 1 byte', 'd4ff00', 'a time of 1 bytes'],
    ['a time of 2 bytes', 'd5ff0000', 'a time of 2 bytes'],
    ['a time of 5 bytes', 'c705ff0000000000', 'a time of 5 bytes'],
    ['a time of 16 bytes', `d8ff${'00'.repeat(16)}`, 'a time of 16 bytes'],
  ])('%s is refused', (_what, hex, message) => {
    expect(() => decodeMsgpack(Buffer.from(hex, 'hex'))).toThrow(new RangeError(message))
  })

  it.each<[string, string, unknown]>([
    ['nil', 'c0', null],
    ['false', 'c2', false],
    ['true', 'c3', true],
    ['the least small integer', '00', 0n],
    ['the largest small integer', '7f', 127n],
    ['the largest below zero', 'ff', -1n],
    ['the least small one below zero', 'e0', -32n],
    ['8 bits', 'ccff', 255n],
    ['16 bits', 'cdff01', 65_281n],
    ['32 bits', 'ceff000001', 4_278_190_081n],
    ['64 bits', 'cfff00000000000001', 18_374_686_479_671_623_681n],
    ['8 bits with a sign', 'd080', -128n],
    ['16 bits with a sign', 'd18001', -32_767n],
    ['32 bits with a sign', 'd280000001', -2_147_483_647n],
    ['64 bits with a sign', 'd38000000000000001', -9_223_372_036_854_775_807n],
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
    ['a map that has a key twice: the last counts', '82a16101a16102', new Map([['a', 2n]])],
    ['a time of 4 bytes', 'd6ff00000001', new Timestamp('1970-01-01T00:00:01Z')],
    ['a time of 8 bytes', 'd7ff0000000000000001', new Timestamp('1970-01-01T00:00:01Z')],
    ['a time of 12 bytes', `c70cff${'00'.repeat(11)}01`, new Timestamp('1970-01-01T00:00:01Z')],
    ['a time with a length of 8 bits', 'c704ff00000001', new Timestamp('1970-01-01T00:00:01Z')],
    ['a time with a length of 16 bits', 'c80004ff00000001', new Timestamp('1970-01-01T00:00:01Z')],
    ['a time with a length of 32 bits', 'c900000004ff00000001', new Timestamp('1970-01-01T00:00:01Z')],
  ])('%s is read', (_what, hex, expected) => {
    expect(decodeMsgpack(Buffer.from(hex, 'hex'))).toEqual(expected)
  })

  it('may have 500 levels', () => {
    let value = decodeMsgpack(Buffer.from(`${'9181a161'.repeat(250)}c0`, 'hex'))
    for (let level = 0; level < 250; level++) value = ((value as unknown[])[0] as Map<string, unknown>).get('a')
    expect(value).toBeNull()
  })

  it('is written with times as its extension, and bytes of a part of a buffer', () => {
    const time = new Timestamp('2026-01-05T08:30:00Z')
    expect(encodeMsgpack([time]).toString('hex')).toBe('91d6ff695b7688')
    expect(encodeMsgpack(new Uint8Array([1, 2, 3, 4]).subarray(1, 3)).toString('hex')).toBe('c4020203')
  })

  it('is written with integers of up to 64 bits', () => {
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
  ])('is not written of %s', (type, value) => {
    expect(() => encodeMsgpack([value])).toThrow(new TypeError(`msgpack has no ${type} here`))
  })
})

describe('a reader of msgpack', () => {
  it('says where it stands and what is left', () => {
    const reader = new MsgpackReader(Buffer.from('c0a16101', 'hex'), 1)
    expect([reader.at, reader.left]).toEqual([1, 3])
    expect(reader.value()).toBe('a')
    expect([reader.at, reader.left]).toEqual([3, 1])
    expect(reader.take(1)).toEqual(Buffer.from([1]))
    expect([reader.at, reader.left]).toEqual([4, 0])
    expect(reader.take(0)).toHaveLength(0)
    expect(() => reader.take(1)).toThrow(new RangeError('it ends inside a value'))
    expect(reader.at).toBe(4)
    expect(new MsgpackReader(Buffer.alloc(1)).at).toBe(0)
  })

  it('gives views of its bytes', () => {
    const bytes = Buffer.from('c4020102', 'hex')
    const view = new MsgpackReader(bytes).value()
    bytes[3] = 9
    expect(view).toEqual(Buffer.from([1, 9]))
  })

  it.each([
    ['80', 0, 1],
    ['8f', 15, 1],
    ['de0101', 257, 3],
    ['df00010001', 65_537, 5],
  ])('reads the size of the map %s', (hex, size, at) => {
    const reader = new MsgpackReader(Buffer.from(hex, 'hex'))
    expect(reader.mapSize()).toBe(size)
    expect(reader.at).toBe(at)
  })

  it.each(['7f', '90', 'c0', 'dd00000001', 'e0'])('finds no map at %s', (hex) => {
    expect(() => new MsgpackReader(Buffer.from(hex, 'hex')).mapSize()).toThrow(new RangeError('it is not a map'))
  })

  it.each([
    ['c4ff', 255, 2],
    ['c50101', 257, 3],
    ['c600010001', 65_537, 5],
  ])('reads the length of the bytes at %s, and not them', (hex, length, at) => {
    const reader = new MsgpackReader(Buffer.from(hex, 'hex'))
    expect(reader.binLength()).toBe(length)
    expect(reader.at).toBe(at)
  })

  it.each(['', 'c3ff', 'c7ff', 'a161'])('reads nothing where no bytes begin: %j', (hex) => {
    const reader = new MsgpackReader(Buffer.from(hex, 'hex'))
    expect(reader.binLength()).toBeUndefined()
    expect(reader.at).toBe(0)
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
    ['2106-02-07T06:28:15Z', 'd6ffffffffff'],
    ['2106-02-07T06:28:16Z', 'd7ff0000000100000000'],
    ['1970-01-01T00:00:00Z', 'd6ff00000000'],
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
    expect(streamTime('2026-03-01T08:00:00+08:00')).toEqual(new Timestamp('2026-03-01T08:00:00+08:00'))
    expect(streamTime('2026-03-01T08:00:00Z')).toEqual(new Timestamp('2026-03-01T08:00:00Z'))
  })

  it.each([
    ['2024-03-01T09:30:00', '2024-03-01T09:30:00'],
    ['2024-03-01 09:30', '2024-03-01T09:30:00'],
    ['2024-03-01', '2024-03-01T00:00:00'],
    ['2024-03-01T09:30:00.250000', '2024-03-01T09:30:00.250000'],
    ['2024-03-01T09:30:00.000000', '2024-03-01T09:30:00.000000'],
    ['2024-03-01T09:30:00.25', '2024-03-01T09:30:00.250000'],
    ['2024-03-01T09:30:00,250000', '2024-03-01T09:30:00.250000'],
    ['2024-03-01T09:30:00.0', '2024-03-01T09:30:00'],
    ['2024-03-01T09:30:00.2500001', '2024-03-01T09:30:00.250000'],
    ['20240301T093000', '2024-03-01T09:30:00'],
    ['9999-12-31x23:59:59', '9999-12-31T23:59:59'],
  ])('without a zone, %s is the text %s in a stream', (stored, text) => {
    expect(streamTime(stored)).toBe(text)
  })

  it('that is none is refused by its text', () => {
    expect(() => streamTime('so"on')).toThrow(new RangeError('"so\\"on" is not a time'))
    expect(() => encodeTimestamp(new Timestamp('so"on'))).toThrow(new RangeError('"so\\"on" is not a time'))
  })

  const twelve = (seconds: bigint, nanoseconds: number): Buffer => {
    const bytes = Buffer.alloc(12)
    bytes.writeUInt32BE(nanoseconds)
    bytes.writeBigInt64BE(seconds, 4)
    return bytes
  }
  it.each([
    [-62_135_596_800n, 0, '0001-01-01T00:00:00Z'],
    [253_402_300_799n, 999_999_999, '9999-12-31T23:59:59.999999Z'],
    [0n, 999, '1970-01-01T00:00:00Z'],
    [0n, 1000, '1970-01-01T00:00:00.000001Z'],
    [0n, 1999, '1970-01-01T00:00:00.000001Z'],
  ])('is read of %i seconds and %i nanoseconds: %s', (seconds, nanoseconds, text) => {
    expect(decodeTimestamp(twelve(seconds, nanoseconds))).toEqual(new Timestamp(text))
  })

  it.each([
    [-62_135_596_801n, 0],
    [253_402_300_800n, 0],
    [0n, 1_000_000_000],
  ])('of %i seconds and %i nanoseconds is outside of the years 1 to 9999', (seconds, nanoseconds) => {
    expect(() => decodeTimestamp(twelve(seconds, nanoseconds))).toThrow(
      new RangeError('a time outside the years 1 to 9999'),
    )
  })

  it('of 8 bytes has 34 bits of seconds and 30 of nanoseconds', () => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE((999_999_000n << 34n) | (2n ** 34n - 1n))
    expect(decodeTimestamp(bytes)).toEqual(new Timestamp('2514-05-30T01:53:03.999999Z'))
    expect(encodeTimestamp(new Timestamp('2514-05-30T01:53:03.999999Z'))).toEqual(
      Buffer.concat([Buffer.from([0xd7, 0xff]), bytes]),
    )
  })
})
