import { hash } from 'node:crypto'
import type { ArchiveSource, OpenArchive } from './archive.ts'
import {
  ArchiveInvalidError,
  ArchiveTruncatedError,
  atByte,
  EntryCorruptError,
  NotAnArchiveError,
  locateFaults,
} from './errors.ts'
import { explainForeignFile, explainForeignTar } from './foreign-file.ts'
import { LEFT_OUT_NAME } from './left-out.ts'
import type { Manifest } from './manifest.ts'
import { checkGeometry, checkManifestSize, parseManifest } from './read-manifest.ts'
import { rejectSpecStarStream } from './specstar-stream.ts'
import {
  checkManifestSha256,
  isTrailer,
  MANIFEST_NAME,
  parseTrailer,
  TAIL_BYTES,
  TRAILER_NAME,
  trailerHeader,
} from './tail.ts'
import { BLOCK, encodeTarHeader, paddedSize } from './tar-header.ts'
import { checkZero, isTarHeader, isZero, parseHeaderBlock } from './tar-reader.ts'
import { walkArchive } from './walk.ts'

export interface OpenOptions {
  /** If true, an archive without a trailer is rejected with `ArchiveInvalidError`, and is not read as a whole. */
  readonly requiresTrailer?: boolean
}

/**
 * Opens an archive. If the archive ends in a trailer, only the last 2,048 bytes and the manifest are read. Otherwise,
 * the whole tar is read. Throws `NotAnArchiveError`, `UnsupportedVersionError`, `ArchiveTruncatedError`,
 * `EntryCorruptError` or `ArchiveInvalidError`.
 */
export const openArchive = async (
  source: ArchiveSource,
  { requiresTrailer = false }: OpenOptions = {},
): Promise<OpenArchive> => {
  if (source.size === 0) throw new NotAnArchiveError('the file is empty')
  if (source.size >= TAIL_BYTES + BLOCK) {
    const tail = await source.read(source.size - TAIL_BYTES, TAIL_BYTES)
    const header = tail.subarray(0, BLOCK)
    if (header.equals(await trailerHeader())) return openByTrailer(source, tail)
    if (!isTarHeader(header) && isTrailer(tail.subarray(BLOCK, 2 * BLOCK)))
      throw atByte(source.size - TAIL_BYTES, new ArchiveInvalidError(`the tar header of ${TRAILER_NAME} is damaged`))
  }
  if (requiresTrailer)
    throw new ArchiveInvalidError('it has no trailer, so it is incomplete or was not written by an export')
  const head = await source.read(0, Math.min(BLOCK, source.size))
  rejectSpecStarStream(head)
  if (await isEmptyTar(source, head))
    throw new NotAnArchiveError('the file is an empty tar; check which files were packed')
  if (head.length < BLOCK || !isTarHeader(head)) throw explainForeignFile(head)
  await checkEndOfTar(source, head)
  return walkArchive(source)
}

/** The largest tar without files. Programs write two blocks of zero bytes, and many of them fill up a record of 20. */
const MAX_EMPTY_TAR_BYTES = 20 * BLOCK

const isEmptyTar = async (source: ArchiveSource, head: Buffer): Promise<boolean> =>
  isZero(head) &&
  source.size >= 2 * BLOCK &&
  source.size <= MAX_EMPTY_TAR_BYTES &&
  source.size % BLOCK === 0 &&
  isZero(await source.read(0, source.size))

const openByTrailer = async (source: ArchiveSource, tail: Buffer): Promise<OpenArchive> => {
  const trailerStart = source.size - TAIL_BYTES
  const trailer = trailerStart + BLOCK
  const { offset, size, sha256 } = await locateFaults(trailer, () => {
    const stated = parseTrailer(tail.subarray(BLOCK, 2 * BLOCK))
    checkManifestSize(stated.size)
    return stated
  })
  checkZero(tail.subarray(2 * BLOCK), 'the end of the tar', trailerStart + 2 * BLOCK)
  const start = offset - BLOCK
  const end = offset + paddedSize(size)
  if (start < 0 || start % BLOCK !== 0 || end !== trailerStart)
    throw atByte(
      trailer,
      new ArchiveInvalidError(
        `according to ${TRAILER_NAME}, ${MANIFEST_NAME} is at the bytes ${offset} to ${end}, but it must be a whole entry that ` +
          `ends at byte ${trailerStart}; ${TRAILER_NAME} is damaged, or bytes in front of it are missing or were added`,
      ),
    )
  const bytes = await source.read(start, BLOCK + paddedSize(size))
  await checkStatedSize(bytes.subarray(0, BLOCK), size, trailer)
  await checkFixedHeader(bytes, { name: MANIFEST_NAME, size, start })
  const json = bytes.subarray(BLOCK, BLOCK + size)
  checkManifestSha256({ stated: sha256, actual: hash('sha256', json) }, { manifest: offset, trailer })
  checkZero(bytes.subarray(BLOCK + size), `the padding of ${MANIFEST_NAME}`, offset + size)
  const manifest = await locateFaults(offset, () => {
    const parsed = parseManifest(json)
    checkGeometry(parsed, start)
    return parsed
  })
  await checkLeftOutList(source, manifest)
  const { segments, left_out } = manifest
  return {
    source,
    manifest,
    manifestSha256: sha256,
    provenManifest: true,
    walked: false,
    segments,
    ...(left_out === undefined ? {} : { leftOutOffset: left_out.list.offset }),
  }
}

/**
 * Throws if a sound tar header of the manifest has another size than the trailer states, because the trailer is then
 * damaged. `trailer` is the byte at which its content begins.
 */
const checkStatedSize = async (header: Buffer, stated: number, trailer: number): Promise<void> => {
  if (!isTarHeader(header)) return
  const { size } = parseHeaderBlock(header, 'the header')
  if (size === stated || !header.equals(await encodeTarHeader(MANIFEST_NAME, size))) return
  throw atByte(
    trailer,
    new ArchiveInvalidError(
      `${MANIFEST_NAME} has ${size} bytes, but ${TRAILER_NAME} states ${stated}; ${TRAILER_NAME} is damaged`,
    ),
  )
}

/** Verifies the bytes of the entry `left-out.jsonl.zst`, if the archive has this entry. */
const checkLeftOutList = async (source: ArchiveSource, { left_out }: Manifest): Promise<void> => {
  if (left_out === undefined) return
  const { offset, size, sha256 } = left_out.list
  const start = offset - BLOCK
  const bytes = await source.read(start, BLOCK + paddedSize(size))
  await checkFixedHeader(bytes, { name: LEFT_OUT_NAME, size, start })
  const actual = hash('sha256', bytes.subarray(BLOCK, BLOCK + size))
  if (actual !== sha256) throw atByte(offset, new EntryCorruptError(LEFT_OUT_NAME, sha256, actual))
  checkZero(bytes.subarray(BLOCK + size), `the padding of ${LEFT_OUT_NAME}`, offset + size)
}

/** Throws if an entry that begins at the byte `start` of the archive does not begin with the header of FORMAT.md. */
const checkFixedHeader = async (
  entry: Buffer,
  { name, size, start }: { readonly name: string; readonly size: number; readonly start: number },
): Promise<void> => {
  if (entry.subarray(0, BLOCK).equals(await encodeTarHeader(name, size))) return
  throw atByte(
    start,
    new ArchiveInvalidError(`the tar header of ${name} must consist of the bytes that FORMAT.md defines`),
  )
}

/** The number of bytes at the end of a file in which a trailer is searched for. */
const SEARCHED_BYTES = 1024 * 1024

/**
 * Throws if the last 1,024 bytes are not zero, as they are in every complete tar. Most truncated tars are thereby
 * rejected before they are read. The first of these bytes that is not zero is where the damage begins. `head` is the
 * first block, a tar header, which is not zero.
 */
const checkEndOfTar = async (source: ArchiveSource, head: Buffer): Promise<void> => {
  const length = Math.min(2 * BLOCK, source.size)
  const end = await source.read(source.size - length, length)
  if (isZero(end)) return
  await rejectBytesAfterEnd(source)
  const { path, type } = parseHeaderBlock(head, 'the first header')
  const missing = 'the end of the archive is missing'
  // The name of the first file shows what the tar contains. The name of another header, such as a pax header, does not
  // show this.
  const error =
    type === '0' ? explainForeignTar([path.replace(/^(?:\.\/+)+/, '')], missing) : new ArchiveTruncatedError(missing)
  if (error instanceof NotAnArchiveError) throw error
  throw atByte(source.size - length + end.findIndex((byte) => byte !== 0), error)
}

/** Throws `ArchiveInvalidError` if other bytes follow the trailer of this archive. */
const rejectBytesAfterEnd = async (source: ArchiveSource): Promise<void> => {
  const header = await trailerHeader()
  const start = Math.floor(Math.max(0, source.size - SEARCHED_BYTES) / BLOCK) * BLOCK
  const bytes = await source.read(start, source.size - start)
  for (let at = 0; at + TAIL_BYTES < bytes.length; at += BLOCK) {
    if (!bytes.subarray(at, at + BLOCK).equals(header)) continue
    // The trailer of an archive that this archive contains as a blob states another position.
    const content = bytes.subarray(at + BLOCK, at + 2 * BLOCK)
    const { offset, size } = await locateFaults(start + at + BLOCK, () => parseTrailer(content))
    if (offset + paddedSize(size) !== start + at) continue
    const end = start + at + TAIL_BYTES
    const added = source.size - end
    throw atByte(
      end,
      new ArchiveInvalidError(
        `${added} other ${added === 1 ? 'byte follows' : 'bytes follow'} its end, which is at byte ${end}; ` +
          `to remove ${added === 1 ? 'it' : 'them'}, run: head -c ${end} ARCHIVE > COPY`,
      ),
    )
  }
}
