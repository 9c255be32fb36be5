import { decode } from '@msgpack/msgpack'
import * as z from 'zod'
import { NotAnArchiveError, UnsupportedVersionError } from './errors.ts'

/**
 * The first record of a SpecStar stream. A record is a msgpack map with its length in front, as a big-endian number of
 * 4 bytes. The default of `version` is 2.
 */
const Header = z.object({ t: z.literal('HeaderRecord'), version: z.int().default(2) })
const AnyRecord = z.object({ t: z.string().endsWith('Record') })

/** The only version that a restore can convert. */
const STREAM_VERSION = 2
const STREAM = "SpecStar's length-prefixed msgpack stream"

/** The number of bytes that `isSpecStarStream` needs. It is enough for the header of a stream and for a tar header. */
export const STREAM_HEAD_BYTES = 512

/**
 * Returns true if an object is SpecStar's length-prefixed msgpack stream of version 2. `head` contains the first bytes
 * of the object. Throws `UnsupportedVersionError` for a stream of another version, and `NotAnArchiveError` for a stream
 * without its header.
 */
export const isSpecStarStream = (head: Buffer): boolean => {
  if (head.length < 5) return false
  const length = head.readUInt32BE(0)
  // The header of a stream has about 25 bytes. In a tar, the first 4 bytes are the start of a file name. As a number,
  // they are far greater than the length of `head`.
  if (length > head.length - 4) return false
  const record = firstRecord(head.subarray(4, 4 + length))
  const header = Header.safeParse(record)
  if (!header.success) {
    if (!AnyRecord.safeParse(record).success) return false
    throw new NotAnArchiveError(`the file is ${STREAM} without its header`)
  }
  const { version } = header.data
  if (version === STREAM_VERSION) return true
  throw new UnsupportedVersionError(version, STREAM)
}

/**
 * Throws `UnsupportedVersionError` for a stream, because a stream must first be converted to an archive of version 3.
 */
export const rejectSpecStarStream = (head: Buffer): void => {
  if (isSpecStarStream(head)) throw new UnsupportedVersionError(STREAM_VERSION, STREAM)
}

const firstRecord = (bytes: Buffer): unknown => {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}
