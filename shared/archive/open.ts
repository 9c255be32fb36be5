import { hash } from 'node:crypto'
import { ArchiveInvalidError, ArchiveTruncatedError, EntryCorruptError, NotAnArchiveError } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import { MAX_MANIFEST_BYTES } from './limits.ts'
import type { Manifest, ManifestSegment } from './manifest.ts'
import { checkGeometry, parseManifest } from './read-manifest.ts'
import { refuseStream } from './specstar-stream.ts'
import type { ArchiveSource } from './source.ts'
import { MANIFEST_NAME, TAIL_BYTES, trailerHeader } from './tail.ts'
import { BLOCK, encodeHeader, paddedSize } from './tar-header.ts'
import { checkZero, isTarHeader } from './tar-reader.ts'
import { parseTrailer } from './trailer.ts'
import { walkArchive } from './walk.ts'

/** A segment as it can be read. */
export type ArchiveSegment = ManifestSegment & {
  /**
   * Of an archive that was walked: its entries with their true offsets. Its own `offset` is 0 then, so that an entry lies at
   * segment.offset + entry.offset in either case.
   */
  readonly walked?: readonly IndexLine[]
}

/** An archive whose manifest has been read and checked. */
export interface OpenArchive {
  readonly source: ArchiveSource
  readonly manifest: Manifest
  /** Of the manifest's bytes, in hex. */
  readonly manifestSha256: string
  /** False: a repacked tar without a trailer, so that no checksum vouches for the manifest (its job, times and filters). */
  readonly provenManifest: boolean
  /** The tar was repacked: all of it has been read, and its entries were found by their names. */
  readonly walked: boolean
  /** In the order of the manifest. */
  readonly segments: readonly ArchiveSegment[]
}

/**
 * Opens an archive by its trailer: the last 2,048 bytes, then the manifest. A tar without a trailer in its place is walked
 * from the start, which reads all of it and holds its entries' names. Refuses all else: `NotAnArchiveError`,
 * `UnsupportedVersionError`, `ArchiveTruncatedError`, `EntryCorruptError`, `ArchiveInvalidError`.
 */
export const openArchive = async (source: ArchiveSource): Promise<OpenArchive> => {
  if (source.size === 0) throw new NotAnArchiveError('it is empty')
  if (source.size >= TAIL_BYTES + BLOCK) {
    const tail = await source.read(source.size - TAIL_BYTES, TAIL_BYTES)
    if (tail.subarray(0, BLOCK).equals(trailerHeader())) return openByTrailer(source, tail)
  }
  const head = await source.read(0, Math.min(BLOCK, source.size))
  refuseStream(head)
  if (head.length < BLOCK || !isTarHeader(head)) throw new NotAnArchiveError('it does not begin as a tar')
  await refuseCut(source)
  return walkArchive(source)
}

const openByTrailer = async (source: ArchiveSource, tail: Buffer): Promise<OpenArchive> => {
  const { offset, size, sha256 } = parseTrailer(tail.subarray(BLOCK, 2 * BLOCK))
  checkZero(tail.subarray(2 * BLOCK), 'the end of the tar')
  if (size > MAX_MANIFEST_BYTES) throw new ArchiveInvalidError(`a manifest of ${size} bytes`)
  const start = offset - BLOCK
  if (start < 0 || start % BLOCK !== 0 || offset + paddedSize(size) !== source.size - TAIL_BYTES)
    throw new ArchiveInvalidError('the manifest does not end where the trailer begins')
  const bytes = await source.read(start, BLOCK + paddedSize(size))
  if (!bytes.subarray(0, BLOCK).equals(encodeHeader(MANIFEST_NAME, size)))
    throw new ArchiveInvalidError('the header of the manifest is not written as it must be')
  const json = bytes.subarray(BLOCK, BLOCK + size)
  const actual = hash('sha256', json)
  if (actual !== sha256) throw new EntryCorruptError(MANIFEST_NAME, sha256, actual)
  checkZero(bytes.subarray(BLOCK + size), 'the padding of the manifest')
  const manifest = parseManifest(json)
  checkGeometry(manifest, start)
  return { source, manifest, manifestSha256: sha256, provenManifest: true, walked: false, segments: manifest.segments }
}

/** A tar ends in 1,024 zero bytes; one that was cut nearly never does, and need not be read to be refused. */
const refuseCut = async (source: ArchiveSource): Promise<void> => {
  const length = Math.min(2 * BLOCK, source.size)
  const end = await source.read(source.size - length, length)
  if (length < 2 * BLOCK || end.some((byte) => byte !== 0))
    throw new ArchiveTruncatedError('it has neither a trailer nor the end of a tar')
}
