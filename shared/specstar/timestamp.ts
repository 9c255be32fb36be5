import { instantOf, zonedInstantOf } from '../values/instant.ts'

/** msgpack's extension type for instants. */
export const TIMESTAMP_TYPE = -1

/**
 * An instant of a stream, as the store holds it: `2026-01-05T08:30:00Z`, with six digits of fraction where it has any. The
 * offset that it once had is lost in SpecStar's own writing.
 */
export class Timestamp {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** 0001-01-01 and 10000-01-01 in seconds since 1970: SpecStar's times are Python's. */
const FIRST_SECOND = -62_135_596_800n
const END_SECOND = 253_402_300_800n

/** Reads the content of the extension: 4, 8 or 12 bytes. Throws `RangeError`. Below a microsecond it is cut, as Python does. */
export const decodeTimestamp = (bytes: Buffer): Timestamp => {
  const { seconds, nanoseconds } = partsOf(bytes)
  if (seconds < FIRST_SECOND || seconds >= END_SECOND || nanoseconds > 999_999_999)
    throw new RangeError('a time outside the years 1 to 9999')
  const clock = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  const micros = Math.floor(nanoseconds / 1000)
  return new Timestamp(micros === 0 ? `${clock}Z` : `${clock}.${micros.toString().padStart(6, '0')}Z`)
}

const partsOf = (bytes: Buffer): { readonly seconds: bigint; readonly nanoseconds: number } => {
  switch (bytes.length) {
    case 4:
      return { seconds: BigInt(bytes.readUInt32BE(0)), nanoseconds: 0 }
    case 8: {
      const both = bytes.readBigUInt64BE(0)
      return { seconds: both & 0x3_ffff_ffffn, nanoseconds: Number(both >> 34n) }
    }
    case 12:
      return { seconds: bytes.readBigInt64BE(4), nanoseconds: bytes.readUInt32BE(0) }
    default:
      throw new RangeError(`a time of ${bytes.length} bytes`)
  }
}

/** The extension with its header, in its shortest form: what SpecStar itself writes. */
export const encodeTimestamp = ({ text }: Timestamp): Buffer => {
  const instant = instantOf(text)
  if (instant === undefined) throw new RangeError(`${JSON.stringify(text)} is not a time`)
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

/** Python's own writing of a time without a zone. */
const PLAIN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?$/

/** A stored time as a stream has it: an instant where it has a zone, else text. Throws `RangeError` where it is no time. */
export const streamTime = (text: string): Timestamp | string => {
  if (zonedInstantOf(text) !== undefined) return new Timestamp(text)
  const instant = instantOf(text)
  if (instant === undefined) throw new RangeError(`${JSON.stringify(text)} is not a time`)
  if (PLAIN.test(text)) return text
  return instant.endsWith('.000000Z') ? instant.slice(0, 19) : instant.slice(0, 26)
}
