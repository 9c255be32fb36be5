import { decode } from '@msgpack/msgpack'
import { z } from 'zod'
import { NotAnArchiveError, UnsupportedVersionError } from './errors.ts'

/** The first record of SpecStar's own archive: 4 bytes big-endian length, then a msgpack map. An absent version reads as 2. */
const Header = z.object({ t: z.literal('HeaderRecord'), version: z.int().default(2) })
const AnyRecord = z.object({ t: z.string().endsWith('Record') })

/** The version that can be converted. */
const STREAM_VERSION = 2

/** How many bytes of an object's beginning are looked at. */
export const STREAM_HEAD_BYTES = 512

/**
 * Whether an object that begins so is SpecStar's length-prefixed msgpack stream of version 2. Throws
 * `UnsupportedVersionError` for such a stream of another version, `NotAnArchiveError` for one without its header.
 */
export const isStream = (head: Buffer): boolean => {
  if (head.length < 5) return false
  const length = head.readUInt32BE(0)
  // Its headers are some 25 bytes; a tar begins with a name, which read as a length is far larger.
  if (length > head.length - 4) return false
  const record = firstRecord(head.subarray(4, 4 + length))
  const header = Header.safeParse(record)
  if (!header.success) {
    if (!AnyRecord.safeParse(record).success) return false
    throw new NotAnArchiveError("it is SpecStar's length-prefixed msgpack stream without its header")
  }
  const { version } = header.data
  if (version === STREAM_VERSION) return true
  throw new UnsupportedVersionError(version, "SpecStar's length-prefixed msgpack stream")
}

/** Refuses a stream where only version 3 can be read: a restore converts it before. */
export const rejectStream = (head: Buffer): void => {
  if (isStream(head)) throw new UnsupportedVersionError(STREAM_VERSION, "SpecStar's length-prefixed msgpack stream")
}

const firstRecord = (bytes: Buffer): unknown => {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}
