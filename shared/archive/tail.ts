import { hash } from 'node:crypto'
import { BLOCK, encodeHeader, paddingOf } from './tar-header.ts'

export const MANIFEST_NAME = 'manifest.json'
export const TRAILER_NAME = 'acbak.trailer'
/** Trailer header, trailer, and the end of the tar: the last bytes of every archive. */
export const TAIL_BYTES = 4 * BLOCK
const END_BYTES = 2 * BLOCK

/** Where the manifest lies, from the start of the archive, and its checksum. */
export interface ManifestPlace {
  readonly offset: number
  readonly size: number
  readonly sha256: string
}

/** The 512 bytes of a trailer. */
export const encodeTrailer = ({ offset, size, sha256 }: ManifestPlace): Buffer =>
  Buffer.from(JSON.stringify({ acbak: 3, manifest: { offset, size, sha256 } }).padEnd(BLOCK))

/** The header that stands before a trailer. */
export const trailerHeader = (): Buffer => encodeHeader(TRAILER_NAME, BLOCK)

/**
 * All that follows the segments: the manifest with header and padding, the trailer, and the end of the tar. `segmentsEnd` is
 * where the segments end and the manifest's header begins.
 */
export const encodeTail = (manifestJson: Buffer, segmentsEnd: number): Buffer =>
  Buffer.concat([
    encodeHeader(MANIFEST_NAME, manifestJson.length),
    manifestJson,
    Buffer.alloc(paddingOf(manifestJson.length)),
    trailerHeader(),
    encodeTrailer({ offset: segmentsEnd + BLOCK, size: manifestJson.length, sha256: hash('sha256', manifestJson) }),
    Buffer.alloc(END_BYTES),
  ])
