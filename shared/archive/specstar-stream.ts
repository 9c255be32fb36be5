import { decode } from '@msgpack/msgpack'
import { z } from 'zod'
import { NotAnArchiveError, UnsupportedVersionError } from './errors.ts'

/** The first record of SpecStar's own archive: 4 bytes big-endian length, then a msgpack map. */
const Header = z.object({ t: z.literal('HeaderRecord'), version: z.int() })
const AnyRecord = z.object({ t: z.string().endsWith('Record') })

/** Refuses SpecStar's length-prefixed msgpack stream (version 2) by its name and number. `head`: the first bytes of the object. */
export const refuseStream = (head: Buffer): void => {
  if (head.length < 5) return
  const length = head.readUInt32BE(0)
  // Its headers are some 25 bytes; a tar begins with a name, which read as a length is far larger.
  if (length > head.length - 4) return
  const record = firstRecord(head.subarray(4, 4 + length))
  const header = Header.safeParse(record)
  if (header.success)
    throw new UnsupportedVersionError(header.data.version, "SpecStar's length-prefixed msgpack stream")
  if (AnyRecord.safeParse(record).success)
    throw new NotAnArchiveError("it is SpecStar's length-prefixed msgpack stream without its header")
}

const firstRecord = (bytes: Buffer): unknown => {
  try {
    return decode(bytes)
  } catch {
    return undefined
  }
}
