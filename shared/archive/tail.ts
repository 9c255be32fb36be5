import { hash } from 'node:crypto'
import { ArchiveInvalidError, atByte, EntryCorruptError, UnsupportedVersionError } from './errors.ts'
import { LEFT_OUT_NAME } from './left-out.ts'
import { BLOCK, encodeTarHeader, paddingOf } from './tar-header.ts'

export const MANIFEST_NAME = 'manifest.json'
export const TRAILER_NAME = 'acbak.trailer'
const END_BYTES = 2 * BLOCK
/**
 * The number of bytes after the manifest. They are the tar header of the trailer, the trailer, and the end of the tar.
 */
export const TAIL_BYTES = 2 * BLOCK + END_BYTES

/** The location and checksum of `manifest.json`. `offset` is the offset of its content in the archive. */
interface ManifestLocation {
  readonly offset: number
  readonly size: number
  readonly sha256: string
}

/** Encodes a trailer as JSON, padded with spaces to 512 bytes. */
export const encodeTrailer = ({ offset, size, sha256 }: ManifestLocation): Buffer =>
  Buffer.from(JSON.stringify({ acbak: 3, manifest: { offset, size, sha256 } }).padEnd(BLOCK))

const VERSION = /^\{"acbak":([0-9]{1,9})[,}]/
const TRAILER = /^\{"acbak":3,"manifest":\{"offset":([0-9]{1,16}),"size":([0-9]{1,16}),"sha256":"([0-9a-f]{64})"\}\} *$/

/**
 * Parses a trailer. Throws `UnsupportedVersionError` if the version is not 3, and `ArchiveInvalidError` if the bytes
 * differ from those that `encodeTrailer` would return.
 */
export const parseTrailer = (bytes: Buffer): ManifestLocation => {
  const text = bytes.toString('latin1')
  const version = VERSION.exec(text)?.[1]
  if (version !== undefined && Number(version) !== 3) throw new UnsupportedVersionError(Number(version))
  const [, offset, size, sha256 = ''] = TRAILER.exec(text) ?? []
  const location = { offset: Number(offset), size: Number(size), sha256 }
  const isExact = Number.isSafeInteger(location.offset) && Number.isSafeInteger(location.size)
  if (!isExact || !encodeTrailer(location).equals(bytes))
    throw new ArchiveInvalidError(
      `${TRAILER_NAME} must be the canonical JSON of FORMAT.md, padded with spaces to ${BLOCK} bytes`,
    )
  return location
}

/** Returns true if `parseTrailer` accepts the bytes. */
export const isTrailer = (bytes: Buffer): boolean => {
  try {
    parseTrailer(bytes)
    return true
  } catch {
    return false
  }
}

/** Two different contents have SHA-256s of which about 4 of the 64 digits are equal. */
const MIN_EQUAL_DIGITS = 32

/**
 * Throws `EntryCorruptError` if the SHA-256 of the manifest is not the one that the trailer states. The error names the
 * trailer if most digits are equal: the digits in the trailer are then damaged, and the manifest is sound. `offsets` are
 * the bytes of the archive at which the contents of both entries begin.
 */
export const checkManifestSha256 = (
  { stated, actual }: { readonly stated: string; readonly actual: string },
  offsets: { readonly manifest: number; readonly trailer: number },
): void => {
  if (stated === actual) return
  const equal = Array.from(stated).filter((digit, k) => digit === actual[k]).length
  if (equal < MIN_EQUAL_DIGITS) throw atByte(offsets.manifest, new EntryCorruptError(MANIFEST_NAME, stated, actual))
  const algorithm = `the sha256 of ${MANIFEST_NAME},`
  throw atByte(offsets.trailer, new EntryCorruptError(TRAILER_NAME, actual, stated, { algorithm }))
}

/** Returns the tar header in front of a trailer. */
export const trailerHeader = (): Promise<Buffer> => encodeTarHeader(TRAILER_NAME, BLOCK)

/**
 * Encodes all bytes after the segments. These are the manifest, the trailer, and the end of the tar. If `leftOut` is
 * given, the entry `left-out.jsonl.zst` with this content comes first. `segmentsEnd` is the offset at which the
 * segments end.
 */
export const encodeTail = async (manifestJson: Buffer, segmentsEnd: number, leftOut?: Buffer): Promise<Buffer> => {
  const list = leftOut === undefined ? Buffer.alloc(0) : await encodeEntry(LEFT_OUT_NAME, leftOut)
  const offset = segmentsEnd + list.length + BLOCK
  return Buffer.concat([
    list,
    await encodeEntry(MANIFEST_NAME, manifestJson),
    await trailerHeader(),
    encodeTrailer({ offset, size: manifestJson.length, sha256: hash('sha256', manifestJson) }),
    Buffer.alloc(END_BYTES),
  ])
}

/** Encodes an entry: its tar header, its content, and the padding. */
const encodeEntry = async (name: string, content: Buffer): Promise<Buffer> =>
  Buffer.concat([await encodeTarHeader(name, content.length), content, Buffer.alloc(paddingOf(content.length))])
