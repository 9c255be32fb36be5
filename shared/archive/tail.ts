import { hash } from 'node:crypto'
import { ArchiveInvalidError, UnsupportedVersionError } from './errors.ts'
import { BLOCK, encodeHeader, paddingOf } from './tar-header.ts'

export const MANIFEST_NAME = 'manifest.json'
export const TRAILER_NAME = 'acbak.trailer'
const END_BYTES = 2 * BLOCK
/** The last bytes of every archive: the trailer's header, the trailer, and the end of the tar. */
export const TAIL_BYTES = 2 * BLOCK + END_BYTES

/** Location of the content of `manifest.json`, from the start of the archive, and its checksum. */
export interface ManifestLocation {
  readonly offset: number
  readonly size: number
  readonly sha256: string
}

/** The 512 bytes of a trailer. */
export const encodeTrailer = ({ offset, size, sha256 }: ManifestLocation): Buffer =>
  Buffer.from(JSON.stringify({ acbak: 3, manifest: { offset, size, sha256 } }).padEnd(BLOCK))

const VERSION = /^\{"acbak":([0-9]{1,9})[,}]/
const TRAILER = /^\{"acbak":3,"manifest":\{"offset":([0-9]{1,16}),"size":([0-9]{1,16}),"sha256":"([0-9a-f]{64})"\}\} *$/

/** Parses a trailer, which must consist of exactly the bytes that `encodeTrailer` writes. */
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

/** The tar header in front of a trailer. */
export const trailerHeader = (): Promise<Buffer> => encodeHeader(TRAILER_NAME, BLOCK)

/**
 * All bytes after the segments: the manifest with header and padding, the trailer with its header, and the end of the
 * tar. `segmentsEnd` is the offset at which the segments end and the manifest's header begins.
 */
export const encodeTail = async (manifestJson: Buffer, segmentsEnd: number): Promise<Buffer> =>
  Buffer.concat([
    await encodeHeader(MANIFEST_NAME, manifestJson.length),
    manifestJson,
    Buffer.alloc(paddingOf(manifestJson.length)),
    await trailerHeader(),
    encodeTrailer({ offset: segmentsEnd + BLOCK, size: manifestJson.length, sha256: hash('sha256', manifestJson) }),
    Buffer.alloc(END_BYTES),
  ])
