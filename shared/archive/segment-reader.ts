import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { must } from '../values/must.ts'
import { ByteReader } from './byte-reader.ts'
import { EntryContent } from './entry-content.ts'
import { ArchiveInvalidError, EntryCorruptError, RecordInvalidError } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import { MAX_CHUNK_BYTES, MAX_LINE_BYTES, MAX_STORED_CHUNK_BYTES } from './limits.ts'
import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { checkContiguity, decodeIndex } from './read-index.ts'
import { paddedSize, paddingOf } from './tar-header.ts'
import { checkZero, readSegmentHeader, type Take } from './tar-reader.ts'
import { unpack } from './unpack.ts'

/** What a segment holds, entry by entry: read by one range, its checksum, bounds, order and paths checked. */
export const readIndex = async ({ source }: OpenArchive, segment: ArchiveSegment): Promise<readonly IndexLine[]> => {
  if (segment.walked !== undefined) return segment.walked
  const { offset, size } = segment.index
  const lines = await decodeIndex(segment, await source.read(offset, size))
  checkContiguity(segment, lines)
  return lines
}

/** An entry, its place in the segment from 0, and its content. Content that is not read is read (and checked) all the same. */
export interface ReadEntry {
  readonly entry: IndexLine
  readonly ordinal: number
  readonly content: Readable
}

/** Which entries are read; both absent: all, and every byte of the segment. */
export interface ReadOptions {
  /** The entry to begin with, by its place. */
  readonly from?: number
  readonly only?: (entry: IndexLine) => boolean
}

/**
 * Reads a segment's entries in order. Without options it is one range, and every byte is checked: contents against their
 * SHA-256, headers against the index, padding, and at the end the frame. With options only the entries asked for are read
 * (neighbours in one range), with their contents, and headers between them, checked.
 */
export async function* readEntries(
  archive: OpenArchive,
  segment: ArchiveSegment,
  index: readonly IndexLine[],
  options: ReadOptions = {},
): AsyncGenerator<ReadEntry> {
  const { from, only } = options
  if (from === undefined && only === undefined && segment.walked === undefined) {
    yield* readWhole(archive, segment, index)
    return
  }
  for (const run of runsOf(segment, index, from ?? 0, only)) yield* readRun(archive, segment, run)
}

type Placed = Omit<ReadEntry, 'content'>

async function* readWhole(
  { source }: OpenArchive,
  segment: ArchiveSegment,
  index: readonly IndexLine[],
): AsyncGenerator<ReadEntry> {
  const reader = new ByteReader(await source.stream(segment.offset, segment.size))
  try {
    const frame = createHash('sha256')
    let at = 0
    for (const [ordinal, entry] of index.entries()) {
      await readHeader(reader, frame, entry, at)
      yield* readContent(reader, { entry, ordinal })
      await readPadding(reader, frame, entry)
      at = entry.offset + paddedSize(entry.size)
    }
    await readIndexEntry(reader, frame, segment, at)
    const actual = frame.digest('hex')
    if (actual !== segment.frame_sha256)
      throw new EntryCorruptError(`frame of the segment at ${segment.offset}`, segment.frame_sha256, actual)
  } finally {
    reader.close()
  }
}

/** The index is the segment's last entry; its content was checked when it was read, and is once more. */
const readIndexEntry = async (reader: ByteReader, frame: Hash, segment: ArchiveSegment, at: number): Promise<void> => {
  const { sha256, size, offset } = segment.index
  const path = await readHeader(reader, frame, { size, offset: offset - segment.offset }, at)
  if (!/^index\/[A-Za-z0-9_-]{1,80}\.jsonl\.zst$/.test(path))
    throw new ArchiveInvalidError(`the index of the segment at ${segment.offset} is called ${path}`)
  const content = new EntryContent(reader, path, size, sha256)
  await content.finish()
  await readPadding(reader, frame, { path, size })
}

/** Runs of entries that lie side by side, each to be read as one range. Those of a walked archive lie anywhere. */
const runsOf = (
  segment: ArchiveSegment,
  index: readonly IndexLine[],
  from: number,
  only: ReadOptions['only'],
): Placed[][] => {
  const runs: Placed[][] = []
  let run: Placed[] = []
  for (const [ordinal, entry] of index.entries()) {
    if (ordinal < from || only?.(entry) === false) continue
    if (segment.walked !== undefined || run.at(-1)?.ordinal !== ordinal - 1) {
      run = []
      runs.push(run)
    }
    run.push({ entry, ordinal })
  }
  return runs
}

async function* readRun(
  { source }: OpenArchive,
  segment: ArchiveSegment,
  run: readonly Placed[],
): AsyncGenerator<ReadEntry> {
  const { entry: first } = must(run[0])
  const { entry: last } = must(run.at(-1))
  const length = last.offset + last.size - first.offset
  const start = segment.offset + first.offset
  const reader = new ByteReader(length === 0 ? Readable.from([]) : await source.stream(start, length))
  try {
    let at = first.offset
    for (const placed of run) {
      const { entry } = placed
      if (entry !== first) await readHeader(reader, undefined, entry, at)
      yield* readContent(reader, placed)
      if (entry !== last) await readPadding(reader, undefined, entry)
      at = entry.offset + paddedSize(entry.size)
    }
  } finally {
    reader.close()
  }
}

async function* readContent(reader: ByteReader, { entry, ordinal }: Placed): AsyncGenerator<ReadEntry> {
  const content = new EntryContent(reader, entry.path, entry.size, entry.sha256)
  yield { entry, ordinal, content: content.stream }
  await content.finish()
}

/** Reads the headers before an entry; they must say what the index says. Gives the path. */
const readHeader = async (
  reader: ByteReader,
  frame: Hash | undefined,
  expected: { readonly path?: string; readonly size: number; readonly offset: number },
  at: number,
): Promise<string> => {
  let left = expected.offset - at
  const take: Take = async (length) => {
    left -= length
    if (left < 0) throw new ArchiveInvalidError(`the headers of entry ${expected.path ?? 'index'} are too long`)
    const bytes = await reader.take(length)
    frame?.update(bytes)
    return bytes
  }
  const { path, size } = await readSegmentHeader(take)
  if (left !== 0 || size !== expected.size || (expected.path !== undefined && path !== expected.path))
    throw new ArchiveInvalidError(`the header of entry ${expected.path ?? path} is not what the index says`)
  return path
}

const readPadding = async (
  reader: ByteReader,
  frame: Hash | undefined,
  { path, size }: { readonly path: string; readonly size: number },
): Promise<void> => {
  const padding = await reader.take(paddingOf(size))
  checkZero(padding, `the padding of entry ${path}`)
  frame?.update(padding)
}

/** Lines that are handed on at once: enough that the hand-over costs nothing. */
const BATCH_LINES = 1_000

/**
 * A chunk's lines, each with its newline. The chunk's checksum is checked before the first line is given; it is held packed
 * and then unpacked (16 MiB at most). Throws `RecordInvalidError` for a line over 1 MiB or without its newline.
 */
export async function* readLineBatches(entry: IndexLine, content: Readable): AsyncGenerator<Buffer[]> {
  if (entry.kind !== 'records' || entry.unpacked_size > MAX_CHUNK_BYTES || entry.size > MAX_STORED_CHUNK_BYTES)
    throw new ArchiveInvalidError(`entry ${entry.path} is no chunk of records`)
  const bytes = await unpack(entry.path, await buffer(content), entry.unpacked_size)
  let batch: Buffer[] = []
  let line = 0
  for (let start = 0; start < bytes.length;) {
    line += 1
    const end = bytes.indexOf(0x0a, start) + 1
    const where = { entry: entry.path, line }
    if (end === 0) throw new RecordInvalidError('the line has no newline', where)
    if (end - start > MAX_LINE_BYTES) throw new RecordInvalidError(`a line of over ${MAX_LINE_BYTES} bytes`, where)
    batch.push(bytes.subarray(start, end))
    start = end
    if (batch.length < BATCH_LINES) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** A chunk's lines one by one; see `readLineBatches`, which is faster. */
export async function* readLines(entry: IndexLine, content: Readable): AsyncGenerator<Buffer> {
  for await (const batch of readLineBatches(entry, content)) yield* batch
}
