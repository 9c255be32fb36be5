import { createHash } from 'node:crypto'
import { ByteReader } from './byte-reader.ts'
import { ArchiveInvalidError, ArchiveTruncatedError, EntryCorruptError } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import { MAX_MANIFEST_BYTES, MAX_WALKED_FILES, MAX_WALKED_NAME_BYTES, MAX_WALKED_NAMES_BYTES } from './limits.ts'
import type { ManifestSegment } from './manifest.ts'
import type { ArchiveSegment, OpenArchive } from './open.ts'
import { decodeIndex } from './read-index.ts'
import { parseManifest } from './read-manifest.ts'
import type { ArchiveSource } from './source.ts'
import { MANIFEST_NAME, TRAILER_NAME } from './tail.ts'
import { BLOCK, paddingOf } from './tar-header.ts'
import { checkZero, readTarEntry, type Take } from './tar-reader.ts'
import { parseTrailer } from './trailer.ts'

/** What a walk holds in memory at most. */
export interface WalkLimits {
  readonly files: number
  /** Of all names together. */
  readonly namesBytes: number
}
const LIMITS: WalkLimits = { files: MAX_WALKED_FILES, namesBytes: MAX_WALKED_NAMES_BYTES }

/** A file of the tar: where its content lies, and its true checksum. */
interface WalkedFile {
  readonly offset: number
  readonly size: number
  readonly sha256: string
}

/**
 * Opens a tar that was repacked: reads all of it, hashes every content, and finds by their names what the indexes speak of.
 * Offsets and frames count for nothing. Memory: the names, places and checksums of all entries, a million at most.
 */
export const walkArchive = async (source: ArchiveSource, limits: WalkLimits = LIMITS): Promise<OpenArchive> => {
  const files = await walkFiles(source, limits)
  const manifestFile = takeFile(files, MANIFEST_NAME)
  if (manifestFile === undefined) throw new ArchiveTruncatedError('it has no manifest.json')
  if (manifestFile.size > MAX_MANIFEST_BYTES) throw new ArchiveInvalidError(`a manifest of ${manifestFile.size} bytes`)
  const manifest = parseManifest(await source.read(manifestFile.offset, manifestFile.size))
  const provenManifest = await checkTrailer(source, files, manifestFile)
  const indexes = findIndexes(files, manifest.segments)
  const segments: ArchiveSegment[] = []
  for (const [k, segment] of manifest.segments.entries()) {
    const index = indexes[k]
    if (index === undefined) throw new ArchiveTruncatedError(`the index of segment ${k} is not there`)
    const lines = await decodeIndex(segment, await source.read(index.offset, index.size))
    segments.push({ ...segment, offset: 0, walked: lines.map((line) => placeEntry(files, line)) })
  }
  const [stray] = files.keys()
  if (stray !== undefined) throw new ArchiveInvalidError(`entry ${stray} is named by no index`)
  return { source, manifest, manifestSha256: manifestFile.sha256, provenManifest, walked: true, segments }
}

const takeFile = (files: Map<string, WalkedFile>, path: string): WalkedFile | undefined => {
  const file = files.get(path)
  files.delete(path)
  return file
}

/** An index line with the place where its entry really lies. An entry belongs to one index. */
const placeEntry = (files: Map<string, WalkedFile>, line: IndexLine): IndexLine => {
  const file = takeFile(files, line.path)
  if (file === undefined) throw new ArchiveInvalidError(`entry ${line.path} is not there, or is named twice`)
  if (file.sha256 !== line.sha256) throw new EntryCorruptError(line.path, line.sha256, file.sha256)
  if (file.size !== line.size)
    throw new ArchiveInvalidError(`entry ${line.path} is not of the size that the index says`)
  return { ...line, offset: file.offset }
}

/** Whether a trailer vouches for the manifest. One that is there must be right. */
const checkTrailer = async (
  source: ArchiveSource,
  files: Map<string, WalkedFile>,
  manifest: WalkedFile,
): Promise<boolean> => {
  const file = takeFile(files, TRAILER_NAME)
  if (file === undefined) return false
  if (file.size !== BLOCK) throw new ArchiveInvalidError(`a trailer of ${file.size} bytes`)
  const { size, sha256 } = parseTrailer(await source.read(file.offset, file.size))
  if (sha256 !== manifest.sha256) throw new EntryCorruptError(MANIFEST_NAME, sha256, manifest.sha256)
  if (size !== manifest.size) throw new ArchiveInvalidError('the trailer names another size of the manifest')
  return true
}

/** Folders of entries: an entry there is never an index, even where its bytes are those of one. */
const ENTRY_FOLDERS = ['models/', 'payloads/', 'blobs/']

/** An index is known by its SHA-256 in the manifest. */
const findIndexes = (
  files: Map<string, WalkedFile>,
  segments: readonly ManifestSegment[],
): readonly (WalkedFile | undefined)[] => {
  const wanted = new Map<string, number[]>()
  for (const [k, { index }] of segments.entries()) wanted.set(index.sha256, [...(wanted.get(index.sha256) ?? []), k])
  const found: (WalkedFile | undefined)[] = segments.map(() => undefined)
  for (const [path, file] of files) {
    if (ENTRY_FOLDERS.some((folder) => path.startsWith(folder))) continue
    const k = wanted.get(file.sha256)?.shift()
    if (k === undefined) continue
    if (file.size !== segments[k]?.index.size)
      throw new ArchiveInvalidError(`index ${path} is not of the size that the manifest says`)
    found[k] = file
    files.delete(path)
  }
  return found
}

/** All files of the tar by name, without a leading `./`; directories are passed over. */
const walkFiles = async (source: ArchiveSource, limits: WalkLimits): Promise<Map<string, WalkedFile>> => {
  const files = new Map<string, WalkedFile>()
  const reader = new ByteReader(await source.stream(0, source.size))
  let at = 0
  let names = 0
  const take: Take = async (length) => {
    const bytes = await reader.take(length)
    at += length
    return bytes
  }
  try {
    for (;;) {
      const block = await take(BLOCK)
      if (isZero(block)) break
      const entry = await readTarEntry(take, 'any', block)
      const path = entry.path.replace(/^(?:\.\/+)+/, '')
      // Before the patterns and maps below, which very long names make slow.
      const bytes = Buffer.byteLength(path)
      if (bytes > MAX_WALKED_NAME_BYTES) throw new ArchiveInvalidError(`a name of ${bytes} bytes`)
      if (entry.kind === 'directory') {
        const folder = path.replace(/\/+$/, '')
        if (folder !== '' || entry.path.startsWith('/')) checkName(folder)
        continue
      }
      if (files.size === limits.files)
        throw new ArchiveInvalidError(`a repacked tar of more than ${limits.files} files`)
      names += bytes
      if (names > limits.namesBytes)
        throw new ArchiveInvalidError(`a repacked tar whose names take more than ${limits.namesBytes} bytes`)
      checkName(path)
      if (files.has(path)) throw new ArchiveInvalidError(`entry ${path} is there twice`)
      if (entry.size > source.size - at) throw new ArchiveTruncatedError(`it ends inside entry ${path}`)
      const offset = at
      const hash = createHash('sha256')
      for (let left = entry.size; left > 0;) {
        const piece = await reader.some(left)
        hash.update(piece)
        left -= piece.length
        at += piece.length
      }
      checkZero(await take(paddingOf(entry.size)), `the padding of entry ${path}`)
      files.set(path, { offset, size: entry.size, sha256: hash.digest('hex') })
    }
    await checkEnd(reader, source.size - at)
  } finally {
    reader.close()
  }
  return files
}

/** One zero block has been read: another must follow, and then nothing but zeros. */
const checkEnd = async (reader: ByteReader, length: number): Promise<void> => {
  if (length < BLOCK) throw new ArchiveTruncatedError('it has no end of a tar')
  for (let left = length; left > 0;) {
    const piece = await reader.some(left)
    if (!isZero(piece)) throw new ArchiveInvalidError('something follows the end of the tar')
    left -= piece.length
  }
}

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0)

const checkName = (path: string): void => {
  const parts = path.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..') || path.includes('\0'))
    throw new ArchiveInvalidError(`entry ${JSON.stringify(path)} has a name that leads elsewhere`)
}
