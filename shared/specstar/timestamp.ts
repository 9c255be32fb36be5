import { instantOf, zonedInstantOf } from '../values/instant.ts'

/** The msgpack extension type of timestamps. */
export const TIMESTAMP_TYPE = -1

/**
 * A time with a time zone, in ISO 8601. A decoded timestamp is in UTC. Its fraction has six digits, or is omitted if it
 * is zero, as in `2026-01-05T08:30:00Z`.
 */
export class Timestamp {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * The range of Python's `datetime`, which SpecStar uses, in seconds since 1970: from 0001-01-01 (inclusive) to
 * 10000-01-01 (exclusive).
 */
const FIRST_SECOND = -62_135_596_800n
const END_SECOND = 253_402_300_800n
const MAX_NANOSECONDS = 999_999_999

/**
 * Decodes the content of a timestamp extension. Truncates the time to microseconds, as Python does. Throws `RangeError`
 * for invalid content.
 */
export const decodeTimestamp = (bytes: Buffer): Timestamp => {
  const { seconds, nanoseconds } = readParts(bytes)
  if (seconds < FIRST_SECOND || seconds >= END_SECOND)
    throw new RangeError('a timestamp is not within the years 1 to 9999')
  if (nanoseconds > MAX_NANOSECONDS)
    throw new RangeError(`a timestamp has ${nanoseconds} nanoseconds; at most ${MAX_NANOSECONDS} are allowed`)
  const wholeSeconds = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  const microseconds = Math.floor(nanoseconds / 1000)
  return new Timestamp(
    microseconds === 0 ? `${wholeSeconds}Z` : `${wholeSeconds}.${microseconds.toString().padStart(6, '0')}Z`,
  )
}

const readParts = (bytes: Buffer): { readonly seconds: bigint; readonly nanoseconds: number } => {
  switch (bytes.length) {
    case 4:
      return { seconds: BigInt(bytes.readUInt32BE(0)), nanoseconds: 0 }
    case 8: {
      // The lower 34 bits are the seconds, and the upper 30 bits are the nanoseconds.
      const both = bytes.readBigUInt64BE(0)
      return { seconds: both & 0x3_ffff_ffffn, nanoseconds: Number(both >> 34n) }
    }
    case 12:
      return { seconds: bytes.readBigInt64BE(4), nanoseconds: bytes.readUInt32BE(0) }
    default:
      throw new RangeError(`a timestamp has ${bytes.length} bytes; only 4, 8 and 12 are allowed`)
  }
}

/**
 * Encodes a timestamp as SpecStar does. Returns the whole extension with its header, in its shortest form. Throws
 * `RangeError` if `text` is not a time.
 */
export const encodeTimestamp = ({ text }: Timestamp): Buffer => {
  const instant = instantOf(text)
  if (instant === undefined) throw notATime()
  const seconds = BigInt(Date.parse(`${instant.slice(0, 19)}Z`) / 1000)
  const nanoseconds = Number(instant.slice(20, 26)) * 1000
  if (seconds < 0n || seconds >= 1n << 34n) {
    const bytes = Buffer.from([0xc7, 12, 0xff, ...Buffer.alloc(12)])
    bytes.writeUInt32BE(nanoseconds, 3)
    bytes.writeBigInt64BE(seconds, 7)
    return bytes
  }
  if (nanoseconds === 0 && seconds < 1n << 32n) {
    const bytes = Buffer.from([0xd6, 0xff, 0, 0, 0, 0])
    bytes.writeUInt32BE(Number(seconds), 2)
    return bytes
  }
  const bytes = Buffer.from([0xd7, 0xff, ...Buffer.alloc(8)])
  bytes.writeBigUInt64BE((BigInt(nanoseconds) << 34n) | seconds, 2)
  return bytes
}

/** The form in which Python's `datetime.isoformat` writes a time without a zone. */
const WITHOUT_ZONE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?$/

/**
 * Converts a time of the store to the value that a stream contains. Returns a timestamp if the time has a time zone,
 * and otherwise a string. Throws `RangeError` if the string is not a time.
 */
export const streamTime = (text: string): Timestamp | string => {
  if (zonedInstantOf(text) !== undefined) return new Timestamp(text)
  const instant = instantOf(text)
  if (instant === undefined) throw notATime()
  if (WITHOUT_ZONE.test(text)) return text
  return instant.endsWith('.000000Z') ? instant.slice(0, 19) : instant.slice(0, 26)
}

/** The message does not contain the text, because reports contain the message. */
const notATime = (): RangeError => new RangeError('must be a time in ISO 8601')
