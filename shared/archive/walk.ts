import { pathText } from '../values/message-text.ts'
import { must } from '../values/must.ts'
import type { ArchiveSegment, ArchiveSource, OpenArchive } from './archive.ts'
import { ArchiveInvalidError, ArchiveTruncatedError, atByte, EntryCorruptError, locateFaults } from './errors.ts'
import { explainForeignTar, isMacFile } from './foreign-file.ts'
import type { IndexLine } from './index-line.ts'
import { LEFT_OUT_NAME } from './left-out.ts'
import type { Manifest, ManifestSegment } from './manifest.ts'
import { decodeIndex } from './read-index.ts'
import { checkManifestSize, parseManifest } from './read-manifest.ts'
import { checkManifestSha256, MANIFEST_NAME, parseTrailer, TRAILER_NAME } from './tail.ts'
import { readTarFiles, type TarFile, type TarLimits } from './tar-files.ts'
import { BLOCK } from './tar-header.ts'

type TarFiles = Map<string, TarFile>

/**
 * Opens an archive that was unpacked and packed again. Reads the whole tar, computes the checksum of every file, and
 * assigns the files to the lines of the indexes by their paths. The offsets and frame checksums of the manifest are
 * ignored, because they describe the original tar. The paths, offsets and checksums of up to a million files are held
 * in memory.
 */
export const walkArchive = async (source: ArchiveSource, limits?: TarLimits): Promise<OpenArchive> => {
  const files = await readTarFiles(source, limits)
  const manifestFile = takeFile(files, MANIFEST_NAME)
  if (manifestFile === undefined) throw explainForeignTar(files.keys())
  const manifest = await locateFaults(manifestFile.offset, async () => {
    checkManifestSize(manifestFile.size)
    return parseManifest(await source.read(manifestFile.offset, manifestFile.size))
  })
  const provenManifest = await checkTrailer(source, files, manifestFile)
  const leftOutOffset = takeLeftOutList(files, manifest)
  const indexes = takeIndexes(files, manifest.segments)
  const segments: ArchiveSegment[] = []
  for (const [k, segment] of manifest.segments.entries()) {
    const index = indexes[k]
    if (index === undefined) throw missingIndex(files, k)
    const stored = await source.read(index.offset, index.size)
    const lines = await locateFaults(index.offset, () => decodeIndex(segment, stored))
    segments.push({ ...segment, offset: 0, walked: lines.map((line) => locateEntry(files, line, segments)) })
  }
  checkNoneLeft(files)
  return {
    source,
    manifest,
    manifestSha256: manifestFile.sha256,
    provenManifest,
    walked: true,
    segments,
    ...(leftOutOffset === undefined ? {} : { leftOutOffset }),
  }
}

/**
 * Removes the entry `left-out.jsonl.zst` from `files`, and returns the offset of its content. Throws if the entry
 * differs from its description in the manifest.
 */
const takeLeftOutList = (files: TarFiles, { left_out }: Manifest): number | undefined => {
  if (left_out === undefined) return undefined
  const { size, sha256 } = left_out.list
  const file = takeFile(files, LEFT_OUT_NAME)
  if (file === undefined) throw new ArchiveInvalidError(`entry ${LEFT_OUT_NAME} is missing`)
  if (file.sha256 !== sha256) throw atByte(file.offset, new EntryCorruptError(LEFT_OUT_NAME, sha256, file.sha256))
  if (file.size !== size) throw wrongSize(`entry ${LEFT_OUT_NAME}`, file, `the manifest states ${size}`)
  return file.offset
}

/** Returns the error about a segment without an index. An index that belongs to no segment is probably damaged. */
const missingIndex = (files: TarFiles, segment: number): ArchiveInvalidError | ArchiveTruncatedError => {
  const left = [...files].find(([path]) => path.startsWith('index/'))
  if (left === undefined) return new ArchiveTruncatedError(`it has no index for segment ${segment}`)
  const [path, { offset, sha256 }] = left
  return atByte(
    offset,
    new ArchiveInvalidError(
      `entry ${pathText(path)} is damaged or belongs to another archive: its sha256 is ${sha256}, ` +
        'but no other segment of the manifest has such an index',
    ),
  )
}

/** Throws `ArchiveInvalidError` if the tar has files that do not belong to the archive. */
const checkNoneLeft = (files: TarFiles): void => {
  const [first] = files
  if (first === undefined) return
  const [stray, { offset }] = first
  const reason = isMacFile(stray)
    ? 'is a file that macOS has added; pack the archive again without such files: ' +
      'COPYFILE_DISABLE=1 tar --exclude .DS_Store …'
    : 'is not listed in any index'
  throw atByte(offset, new ArchiveInvalidError(`entry ${pathText(stray)} ${reason}`))
}

/** Removes a file from `files` and returns it. Each file can thus be used only once. */
const takeFile = (files: TarFiles, path: string): TarFile | undefined => {
  const file = files.get(path)
  files.delete(path)
  return file
}

/**
 * Returns an index line with the offset of its entry in the tar. Throws if the entry is missing, differs from its index
 * line, or belongs to one of the `earlier` segments.
 */
const locateEntry = (files: TarFiles, line: IndexLine, earlier: readonly ArchiveSegment[]): IndexLine => {
  const file = takeFile(files, line.path)
  if (file === undefined) {
    // The paths of the earlier segments are searched only now, because a set of up to a million paths would take
    // memory.
    const isTwice = earlier.some(({ walked }) => must(walked).some(({ path }) => path === line.path))
    throw new ArchiveInvalidError(
      `entry ${line.path} is ${isTwice ? 'listed in two indexes' : 'missing, but an index lists it'}`,
    )
  }
  if (file.sha256 !== line.sha256) throw atByte(file.offset, new EntryCorruptError(line.path, line.sha256, file.sha256))
  if (file.size !== line.size) throw wrongSize(`entry ${line.path}`, file, `its index line states ${line.size}`)
  return { ...line, offset: file.offset }
}

/**
 * Checks the manifest against the checksum in the trailer, and returns true. Throws if the checksum does not match.
 * Returns false if the tar has no trailer.
 */
const checkTrailer = async (source: ArchiveSource, files: TarFiles, manifest: TarFile): Promise<boolean> => {
  const file = takeFile(files, TRAILER_NAME)
  if (file === undefined) return false
  const { size, sha256 } = await locateFaults(file.offset, async () => {
    if (file.size !== BLOCK) throw new ArchiveInvalidError(`${TRAILER_NAME} has ${file.size} bytes instead of ${BLOCK}`)
    return parseTrailer(await source.read(file.offset, file.size))
  })
  checkManifestSha256({ stated: sha256, actual: manifest.sha256 }, { manifest: manifest.offset, trailer: file.offset })
  if (size !== manifest.size) throw wrongSize(MANIFEST_NAME, manifest, `${TRAILER_NAME} states ${size}`)
  return true
}

/** Returns an error for a file whose size differs from the stated one. `stated` is the end of the sentence. */
const wrongSize = (subject: string, { offset, size }: TarFile, stated: string): ArchiveInvalidError =>
  atByte(offset, new ArchiveInvalidError(`${subject} has ${size} bytes, but ${stated}`))

/** The folders of entries. A file in these folders is an entry, even if its bytes equal those of an index. */
const ENTRY_FOLDERS = ['models/', 'payloads/', 'blobs/']

/**
 * Returns the index file of each segment, and removes these files from `files`. The files are found by the SHA-256 in
 * the manifest. If a segment has no such file, its element is undefined.
 */
const takeIndexes = (files: TarFiles, segments: readonly ManifestSegment[]): readonly (TarFile | undefined)[] => {
  const segmentsBySha256 = new Map<string, number[]>()
  for (const [k, { index }] of segments.entries())
    segmentsBySha256.set(index.sha256, [...(segmentsBySha256.get(index.sha256) ?? []), k])
  const indexes: (TarFile | undefined)[] = segments.map(() => undefined)
  for (const [path, file] of files) {
    if (ENTRY_FOLDERS.some((folder) => path.startsWith(folder))) continue
    const k = segmentsBySha256.get(file.sha256)?.shift()
    if (k === undefined) continue
    const { size } = must(segments[k]).index
    if (file.size !== size) throw wrongSize(`index ${pathText(path)}`, file, `the manifest states ${size}`)
    indexes[k] = file
    files.delete(path)
  }
  return indexes
}
