import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { must } from '../values/must.ts'
import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { ByteReader } from './byte-reader.ts'
import { EntryContent } from './entry-content.ts'
import { resultOrArchiveFault } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import {
  checkFrame,
  indexSubject,
  type NumberedEntry,
  readHeader,
  readIndexHeader,
  readPadding,
  selectedRuns,
} from './segment-reader.ts'
import { paddedSize } from './tar-header.ts'

/** An entry of a segment whose content may be damaged. */
export interface SalvagedEntry extends NumberedEntry {
  /**
   * If the content is damaged, its stream and `finish` throw the damage. The caller must call `finish`, or read the
   * stream to its end, to find it.
   */
  readonly content: EntryContent
}

export interface SalvageOptions {
  /** If given, only these entries are read. */
  readonly filter?: ((entry: IndexLine) => boolean) | undefined
  /** Receives damage of tar headers and padding, by which no content is lost. */
  readonly onFrameDamage: (damage: Error) => void
}

/**
 * Reads the entries of a segment with one request, like `readEntries`, but continues after damage. This is possible
 * because the index, which must be sound, states the position of each content. If `filter` is given, only the selected
 * entries and the tar headers and padding between adjacent ones are read.
 */
export async function* salvagedEntries(
  archive: OpenArchive,
  segment: ArchiveSegment,
  index: readonly IndexLine[],
  { filter, onFrameDamage }: SalvageOptions,
): AsyncGenerator<SalvagedEntry> {
  // The headers and padding of a repacked tar were checked when it was opened.
  const isWhole = filter === undefined && segment.walked === undefined
  for (const run of selectedRuns(segment, index, { filter })) {
    const start = isWhole ? 0 : must(run[0]).entry.offset
    const end = isWhole ? segment.size : contentEnd(must(run.at(-1)).entry)
    const stream = start === end ? Readable.from([]) : await archive.source.stream(segment.offset + start, end - start)
    const reader = new ByteReader(stream, segment.offset + start)
    try {
      yield* salvagedRun(reader, segment, run, { start, end, onFrameDamage })
    } finally {
      reader.close()
    }
  }
}

const contentEnd = ({ offset, size }: IndexLine): number => offset + size

interface Run {
  /** The first byte and the byte after the last byte that are read, from the start of the segment. */
  readonly start: number
  readonly end: number
  readonly onFrameDamage: (damage: Error) => void
}

async function* salvagedRun(
  reader: ByteReader,
  segment: ArchiveSegment,
  run: readonly NumberedEntry[],
  { start, end, onFrameDamage }: Run,
): AsyncGenerator<SalvagedEntry> {
  const frame = createHash('sha256')
  const frameDamage: Error[] = []
  /** Calls `read`, and continues at the byte `next` of the segment, even if `read` has found damage before it. */
  const readFrame = async (next: number, read: () => Promise<unknown>): Promise<void> => {
    const damage = await resultOrArchiveFault(read)
    if (damage instanceof Error) {
      frameDamage.push(damage)
      onFrameDamage(damage)
    }
    await skipTo(reader, segment.offset + next)
  }
  let at = start
  for (const { entry, ordinal } of run) {
    if (at < entry.offset) await readFrame(entry.offset, () => readHeader(reader, frame, entry, at))
    const content = new EntryContent(reader, entry.path, entry.size, entry.sha256)
    yield { entry, ordinal, content }
    // The caller has received the damage.
    await resultOrArchiveFault(() => content.finish())
    at = entry.offset + paddedSize(entry.size)
    if (at <= end) await readFrame(at, () => readPadding(reader, frame, entry.size, `entry ${entry.path}`))
  }
  if (at >= end) return
  const { offset, size } = segment.index
  await readFrame(offset - segment.offset, () => readIndexHeader(reader, frame, segment, at))
  // The content of the index has been verified.
  await skipTo(reader, offset + size)
  await readFrame(end, () => readPadding(reader, frame, size, indexSubject(segment)))
  if (frameDamage.length > 0) return
  await readFrame(end, () => {
    checkFrame(segment, frame.digest('hex'))
    return Promise.resolve()
  })
}

const skipTo = async (reader: ByteReader, offset: number): Promise<void> => {
  while (reader.offset < offset) await reader.readSome(offset - reader.offset)
}
