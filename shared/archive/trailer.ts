import { ArchiveInvalidError, UnsupportedVersionError } from './errors.ts'
import { encodeTrailer, type ManifestPlace } from './tail.ts'

const VERSION = /^\{"acbak":([0-9]{1,9})[,}]/
const TRAILER = /^\{"acbak":3,"manifest":\{"offset":([0-9]{1,16}),"size":([0-9]{1,16}),"sha256":"([0-9a-f]{64})"\}\} *$/

/** Reads a trailer's 512 bytes, which must be exactly as they are written. */
export const parseTrailer = (bytes: Buffer): ManifestPlace => {
  const text = bytes.toString('latin1')
  const version = VERSION.exec(text)?.[1]
  if (version !== undefined && Number(version) !== 3) throw new UnsupportedVersionError(Number(version))
  const [, offset, size, sha256 = ''] = TRAILER.exec(text) ?? []
  const place = { offset: Number(offset), size: Number(size), sha256 }
  if (!Number.isSafeInteger(place.offset) || !Number.isSafeInteger(place.size) || !encodeTrailer(place).equals(bytes))
    throw new ArchiveInvalidError('acbak.trailer is not written as it must be')
  return place
}
