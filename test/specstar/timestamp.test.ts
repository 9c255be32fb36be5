import { describe, expect, it } from 'vitest'
import { decodeMsgpack } from '../../shared/specstar/msgpack-reader.ts'
import { decodeTimestamp, encodeTimestamp, streamTime, Timestamp } from '../../shared/specstar/timestamp.ts'

describe('a timestamp', () => {
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
  ])('encodes %s as %s, and decodes it again', (time, hex) => {
    const bytes = encodeTimestamp(new Timestamp(time))
    expect(bytes.toString('hex')).toBe(hex)
    expect(decodeMsgpack(bytes)).toEqual(new Timestamp(time))
  })

  it('encodes a time with an offset as its instant', () => {
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
  ])('writes the time without a zone %s as the text %s', (stored, text) => {
    expect(streamTime(stored)).toBe(text)
  })

  it('rejects a text that is not a time in ISO 8601', () => {
    expect(() => streamTime('so"on')).toThrow(new RangeError('must be a time in ISO 8601'))
    expect(() => encodeTimestamp(new Timestamp('so"on'))).toThrow(new RangeError('must be a time in ISO 8601'))
  })

  const timestampBytes = (seconds: bigint, nanoseconds: number): Buffer => {
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
  ])('decodes %i seconds and %i nanoseconds as %s', (seconds, nanoseconds, text) => {
    expect(decodeTimestamp(timestampBytes(seconds, nanoseconds))).toEqual(new Timestamp(text))
  })

  it.each([
    [-62_135_596_801n, 0, 'a timestamp is not within the years 1 to 9999'],
    [253_402_300_800n, 0, 'a timestamp is not within the years 1 to 9999'],
    [0n, 1_000_000_000, 'a timestamp has 1000000000 nanoseconds; at most 999999999 are allowed'],
  ])('rejects %i seconds and %i nanoseconds', (seconds, nanoseconds, message) => {
    expect(() => decodeTimestamp(timestampBytes(seconds, nanoseconds))).toThrow(new RangeError(message))
  })

  it('splits 8 bytes into 34 bits of seconds and 30 bits of nanoseconds', () => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE((999_999_000n << 34n) | (2n ** 34n - 1n))
    expect(decodeTimestamp(bytes)).toEqual(new Timestamp('2514-05-30T01:53:03.999999Z'))
    expect(encodeTimestamp(new Timestamp('2514-05-30T01:53:03.999999Z'))).toEqual(
      Buffer.concat([Buffer.from([0xd7, 0xff]), bytes]),
    )
  })
})
