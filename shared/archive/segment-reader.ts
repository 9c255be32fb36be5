import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { quote } from '../values/message-text.ts'
import { must } from '../values/must.ts'
import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { ByteReader } from './byte-reader.ts'
import { EntryContent } from './entry-content.ts'
import { ArchiveInvalidError, atByte, EntryCorruptError, locateFaults } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import { checkContiguity, decodeIndex } from './read-index.ts'
import { paddedSize, paddingOf } from './tar-header.ts'
import { checkZero, readSegmentHeader, type ReadBytes } from './tar-reader.ts'

/** Reads the index of a segment with one request, and checks it as `decodeIndex` and `checkContiguity` do. */
export const readIndex = async ({ source }: OpenArchive, segment: ArchiveSegment): Promise<readonly IndexLine[]> => {
  if (segment.walked !== undefined) return segment.walked
  const { offset, size } = segment.index
  const stored = await source.read(offset, size)
  return locateFaults(offset, async () => {
    const lines = await decodeIndex(segment, stored)
    checkContiguity(segment, lines)
    return lines
  })
}

/**
 * An entry of a segment. The caller need not read `content`. The reader reads and verifies the rest of the content
 * before it returns the next entry.
 */
interface ReadEntry {
  readonly entry: IndexLine
  /** The index of the entry in its segment. */
  readonly ordinal: number
  readonly content: Readable
}

/** Selects entries of a segment. If `from` and `filter` are present, an entry must satisfy both. */
export interface EntrySelection {
  /** The index of the first entry to read. */
  readonly from?: number
  /** Returns true if an entry is to be read. */
  readonly filter?: ((entry: IndexLine) => boolean) | undefined
}

/**
 * Reads the entries of a segment in order. Without a selection, the segment is read with one request, and every byte is
 * verified by checksums of the contents and of the frame (tar headers and padding). Each tar header is also compared
 * with the index. With a selection, only the selected entries are read and verified. Adjacent entries are read with one
 * request.
 */
export async function* readEntries(
  archive: OpenArchive,
  segment: ArchiveSegment,
  index: readonly IndexLine[],
  selection: EntrySelection = {},
): AsyncGenerator<ReadEntry> {
  const { from, filter } = selection
  if (from === undefined && filter === undefined && segment.walked === undefined) {
    yield* readWhole(archive, segment, index)
    return
  }
  for (const run of selectedRuns(segment, index, selection)) yield* readRun(archive, segment, run)
}

export type NumberedEntry = Omit<ReadEntry, 'content'>

async function* readWhole(
  { source }: OpenArchive,
  segment: ArchiveSegment,
  index: readonly IndexLine[],
): AsyncGenerator<ReadEntry> {
  const reader = new ByteReader(await source.stream(segment.offset, segment.size), segment.offset)
  try {
    const frame = createHash('sha256')
    let end = 0
    for (const [ordinal, entry] of index.entries()) {
      await readHeader(reader, frame, entry, end)
      yield* readContent(reader, { entry, ordinal })
      await readPadding(reader, frame, entry.size, `entry ${entry.path}`)
      end = entry.offset + paddedSize(entry.size)
    }
    await readIndexEntry(reader, frame, segment, end)
    checkFrame(segment, frame.digest('hex'))
  } finally {
    reader.close()
  }
}

/** Receives the tar headers and padding of a segment. */
interface FrameHash {
  update(bytes: Uint8Array): unknown
}

/** Throws `EntryCorruptError` if the checksum of the tar headers and padding is wrong. */
export const checkFrame = ({ offset, frame_sha256 }: ArchiveSegment, actual: string): void => {
  if (actual === frame_sha256) return
  const name = `frame of the segment that begins at byte ${offset}`
  const subject = `the frame (tar headers and padding) of the segment that begins at byte ${offset}`
  throw atByte(offset, new EntryCorruptError(name, frame_sha256, actual, { subject }))
}

/** Reads the index at the end of a segment and checks its tar header, its checksum and its padding. */
export const readIndexEntry = async (
  reader: ByteReader,
  frame: FrameHash,
  segment: ArchiveSegment,
  end: number,
): Promise<void> => {
  const { sha256, size } = segment.index
  const path = await readIndexHeader(reader, frame, segment, end)
  await new EntryContent(reader, path, size, sha256).finish()
  await readPadding(reader, frame, size, indexSubject(segment))
}

/** Returns the subject of messages about the index of a segment. */
export const indexSubject = ({ offset }: ArchiveSegment): string =>
  `the index of the segment that begins at byte ${offset}`

/** Reads the tar header of the index of a segment, and returns the path. */
export const readIndexHeader = async (
  reader: ByteReader,
  frame: FrameHash | undefined,
  segment: ArchiveSegment,
  end: number,
): Promise<string> => {
  const { size, offset } = segment.index
  const header = reader.offset
  const expected = { subject: indexSubject(segment), size, offset: offset - segment.offset }
  const path = await readHeader(reader, frame, expected, end)
  if (!/^index\/[A-Za-z0-9_-]{1,80}\.jsonl\.zst$/.test(path))
    throw atByte(
      header,
      new ArchiveInvalidError(
        `the path of ${indexSubject(segment)} must be index/<name>.jsonl.zst, not ${quote(path)}`,
      ),
    )
  return path
}

/**
 * Groups adjacent selected entries into runs. In a walked archive, every entry is a run of its own, because the entries
 * of a segment need not be adjacent in the tar.
 */
export const selectedRuns = (
  segment: ArchiveSegment,
  index: readonly IndexLine[],
  { from = 0, filter = () => true }: EntrySelection,
): NumberedEntry[][] => {
  const runs: NumberedEntry[][] = []
  let run: NumberedEntry[] = []
  for (const [ordinal, entry] of index.entries()) {
    if (ordinal < from || !filter(entry)) continue
    if (segment.walked !== undefined || run.at(-1)?.ordinal !== ordinal - 1) {
      run = []
      runs.push(run)
    }
    run.push({ entry, ordinal })
  }
  return runs
}

/**
 * Reads adjacent entries with one request. The requested range begins with the content of the first entry and ends with
 * the content of the last entry.
 */
async function* readRun(
  { source }: OpenArchive,
  segment: ArchiveSegment,
  run: readonly NumberedEntry[],
): AsyncGenerator<ReadEntry> {
  const { entry: first } = must(run[0])
  const { entry: last } = must(run.at(-1))
  const length = last.offset + last.size - first.offset
  const start = segment.offset + first.offset
  const reader = new ByteReader(length === 0 ? Readable.from([]) : await source.stream(start, length), start)
  try {
    let end = first.offset
    for (const numbered of run) {
      const { entry } = numbered
      if (entry !== first) await readHeader(reader, undefined, entry, end)
      yield* readContent(reader, numbered)
      if (entry !== last) await readPadding(reader, undefined, entry.size, `entry ${entry.path}`)
      end = entry.offset + paddedSize(entry.size)
    }
  } finally {
    reader.close()
  }
}

async function* readContent(reader: ByteReader, { entry, ordinal }: NumberedEntry): AsyncGenerator<ReadEntry> {
  const content = new EntryContent(reader, entry.path, entry.size, entry.sha256)
  yield { entry, ordinal, content: content.stream }
  await content.finish()
}

/**
 * Reads the tar headers of an entry, compares them with the expected path, size and offset, and returns the path. `end`
 * is the offset at which the previous entry ends. By default, `path` is the subject of messages.
 */
export const readHeader = async (
  reader: ByteReader,
  frame: FrameHash | undefined,
  expected: { readonly path?: string; readonly subject?: string; readonly size: number; readonly offset: number },
  end: number,
): Promise<string> => {
  const subject = `the tar header of ${expected.subject ?? `entry ${expected.path}`}`
  let left = expected.offset - end
  const read: ReadBytes = async (length) => {
    left -= length
    if (left < 0) throw new ArchiveInvalidError(`${subject} extends into its content`)
    const bytes = await reader.read(length)
    frame?.update(bytes)
    return bytes
  }
  const start = reader.offset
  return locateFaults(start, async () => {
    const { path, size } = await readSegmentHeader(read, subject, start)
    if (left !== 0 || size !== expected.size || (expected.path !== undefined && path !== expected.path))
      throw new ArchiveInvalidError(`${subject} does not match the path, size and offset in the index or the manifest`)
    return path
  })
}

export const readPadding = async (
  reader: ByteReader,
  frame: FrameHash | undefined,
  size: number,
  subject: string,
): Promise<void> => {
  const start = reader.offset
  const padding = await reader.read(paddingOf(size))
  checkZero(padding, `the padding of ${subject}`, start)
  frame?.update(padding)
}
