import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import * as z from 'zod'
import { copiedRanges } from '../objects/copied-ranges.ts'
import { must } from '../values/must.ts'
import { PartsSha256, PartsSha256State } from '../values/parts-sha256.ts'
import { ResumableSha256 } from '../values/resumable-sha256.ts'
import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { ByteReader } from './byte-reader.ts'
import { EntryContent } from './entry-content.ts'
import { atByte, EntryCorruptError } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import {
  checkFrame,
  type NumberedEntry,
  readHeader,
  readIndexEntry,
  readPadding,
  selectedRuns,
} from './segment-reader.ts'
import { paddedSize } from './tar-header.ts'

/** The position in a segment at which another pass continues. */
export const SegmentPosition = z
  .object({
    /** The index of the next entry. */
    entry: z.int(),
    /**
     * The part of this entry's content that is verified. `state` is that of a `ResumableSha256`. `parts` is absent in
     * positions of earlier versions of the deployment.
     */
    content: z.exactOptional(
      z.object({ bytes: z.int(), state: z.string(), parts: z.exactOptional(PartsSha256State) }).readonly(),
    ),
    /** The state of the checksum of the tar headers and padding so far. Absent if they are not verified. */
    frame: z.exactOptional(z.string()),
  })
  .readonly()
export type SegmentPosition = z.output<typeof SegmentPosition>

/** One step of reading a segment. */
export interface SegmentStep {
  readonly entry: IndexLine
  /** The index of the entry in its segment. */
  readonly ordinal: number
  /** True if the whole content of the entry is verified. */
  readonly isComplete: boolean
  /**
   * The checksum that S3 computes if it copies the content in the parts that `copiedRanges` returns for `hashStepBytes`
   * (`shared/values/parts-sha256.ts`). Only present if the entry was read in steps and is complete. Absent if an
   * earlier version of the deployment has begun to read the entry.
   */
  readonly partsSha256?: string
  /** Returns the position after this step. */
  readonly position: () => SegmentPosition
}

/**
 * The size from which an entry is read in steps, and the size of one step, in bytes. The steps of an entry are the
 * ranges that `copiedRanges` returns.
 */
export interface StepSizes {
  readonly largeBlobBytes: number
  readonly hashStepBytes: number
}

/**
 * Reads and verifies the entries of a segment in order, in steps. A step is one entry, or a part of a large entry. The
 * caller can stop after any step and continue at its position in another process.
 *
 * Without a filter, every byte of the segment is verified: the contents, and the tar headers and padding by the
 * checksum of the frame. With a filter, or in a repacked tar, only the contents of the selected entries are verified.
 */
export async function* readInSteps(
  archive: OpenArchive,
  segment: ArchiveSegment,
  index: readonly IndexLine[],
  start: SegmentPosition,
  options: StepSizes & { readonly filter?: (entry: IndexLine) => boolean },
): AsyncGenerator<SegmentStep> {
  const { filter } = options
  if (filter === undefined && segment.walked === undefined) yield* readFramed(archive, segment, index, start, options)
  else yield* readSelected(archive, segment, index, start, options)
}

async function* readFramed(
  { source }: OpenArchive,
  segment: ArchiveSegment,
  index: readonly IndexLine[],
  start: SegmentPosition,
  sizes: StepSizes,
): AsyncGenerator<SegmentStep> {
  const frame = await ResumableSha256.resume(start.frame)
  const before = index[start.entry - 1]
  let end = before === undefined ? 0 : before.offset + paddedSize(before.size)
  const from = start.content === undefined ? end : must(index[start.entry]).offset + start.content.bytes
  const reader = new ByteReader(await source.stream(segment.offset + from, segment.size - from), segment.offset + from)
  try {
    for (const [ordinal, entry] of index.entries()) {
      if (ordinal < start.entry) continue
      const resumed = ordinal === start.entry ? start.content : undefined
      if (resumed === undefined) await readHeader(reader, frame, entry, end)
      const checksum = yield* verifyContent(reader, entry, resumed, sizes, (content) => ({
        entry,
        ordinal,
        isComplete: false,
        position: () => ({ entry: ordinal, content: content(), frame: frame.save() }),
      }))
      await readPadding(reader, frame, entry.size, `entry ${entry.path}`)
      end = entry.offset + paddedSize(entry.size)
      const position = (): SegmentPosition => ({ entry: ordinal + 1, frame: frame.save() })
      yield { entry, ordinal, isComplete: true, ...checksum, position }
    }
    await readIndexEntry(reader, frame, segment, end)
    checkFrame(segment, frame.digest())
  } finally {
    reader.close()
  }
}

async function* readSelected(
  { source }: OpenArchive,
  segment: ArchiveSegment,
  index: readonly IndexLine[],
  start: SegmentPosition,
  { filter, ...sizes }: StepSizes & { readonly filter?: (entry: IndexLine) => boolean },
): AsyncGenerator<SegmentStep> {
  for (const run of selectedRuns(segment, index, { from: start.entry, filter })) {
    const { entry: first, ordinal: firstOrdinal } = must(run[0])
    const { entry: last } = must(run.at(-1))
    const resumed = firstOrdinal === start.entry ? start.content : undefined
    const from = first.offset + (resumed?.bytes ?? 0)
    const length = last.offset + last.size - from
    const at = segment.offset + from
    const reader = new ByteReader(length === 0 ? Readable.from([]) : await source.stream(at, length), at)
    try {
      yield* readRun(reader, run, resumed, sizes)
    } finally {
      reader.close()
    }
  }
}

async function* readRun(
  reader: ByteReader,
  run: readonly NumberedEntry[],
  resumed: SegmentPosition['content'],
  sizes: StepSizes,
): AsyncGenerator<SegmentStep> {
  let end: number | undefined
  for (const { entry, ordinal } of run) {
    if (end !== undefined) await readHeader(reader, undefined, entry, end)
    const checksum = yield* verifyContent(reader, entry, end === undefined ? resumed : undefined, sizes, (content) => ({
      entry,
      ordinal,
      isComplete: false,
      position: () => ({ entry: ordinal, content: content() }),
    }))
    if (ordinal !== must(run.at(-1)).ordinal) await readPadding(reader, undefined, entry.size, `entry ${entry.path}`)
    end = entry.offset + paddedSize(entry.size)
    yield { entry, ordinal, isComplete: true, ...checksum, position: () => ({ entry: ordinal + 1 }) }
  }
}

/**
 * Reads and verifies the content of an entry. After each part of a large entry except the last, yields a step, which
 * `stepAt` makes from a function that returns the position inside the content. Returns the checksum of the parts of a
 * large entry. Throws `EntryCorruptError` if the SHA-256 is wrong.
 */
async function* verifyContent(
  reader: ByteReader,
  { path, size, sha256 }: IndexLine,
  resumed: SegmentPosition['content'],
  { largeBlobBytes, hashStepBytes }: StepSizes,
  stepAt: (content: () => NonNullable<SegmentPosition['content']>) => SegmentStep,
): AsyncGenerator<SegmentStep, Pick<SegmentStep, 'partsSha256'>> {
  if (size < largeBlobBytes) {
    await new EntryContent(reader, path, size, sha256).finish()
    return {}
  }
  const hash = await ResumableSha256.resume(resumed?.state)
  const parts = await PartsSha256.resume(resumed?.parts)
  const ranges = copiedRanges(size, hashStepBytes)
  let bytes = resumed?.bytes ?? 0
  const offset = reader.offset - bytes
  // If an earlier version of the deployment has begun to read the entry, it may have read other ranges.
  const hasAllParts = parts.count === ranges.findIndex(({ start }) => start === bytes)
  for (const { start, length } of ranges) {
    const end = start + length
    if (end <= bytes) continue
    const part = createHash('sha256')
    while (bytes < end) {
      const piece = await reader.readSome(end - bytes)
      hash.update(piece)
      part.update(piece)
      bytes += piece.length
    }
    parts.add(part.digest())
    if (end < size) yield stepAt(() => ({ bytes: end, state: hash.save(), parts: parts.save() }))
  }
  const actual = hash.digest()
  if (actual !== sha256) throw atByte(offset, new EntryCorruptError(path, sha256, actual))
  return hasAllParts ? { partsSha256: parts.digest() } : {}
}
