import { idHashOf } from '../resources/keys.ts'
import type { Item } from '../tables/item.ts'
import { must } from '../values/must.ts'
import type { ArchiveSegment, OpenArchive, SegmentSpan } from './archive.ts'
import { readLineBatches } from './chunk-lines.ts'
import { atByte, type RecordLocation } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import { decodeRecord, type FaultyRecord, type RecordKey } from './record-line.ts'
import { RecordOrder } from './record-order.ts'
import { readThrough } from './read-through.ts'
import { readTogether } from './read-together.ts'
import { readEntries, readIndex } from './segment-reader.ts'

/** The location of a record in an archive. */
interface Located {
  /** The index of the record's segment in the manifest. */
  readonly segment: number
  /** The index of the record's chunk in the segment. A later pass can continue at this chunk. */
  readonly entry: number
  readonly location: RecordLocation
}

/** A record whose item and key are valid. */
export interface SoundRecord extends RecordKey, Located {
  readonly item: Item
  readonly fault?: undefined
}

/** A record whose item or key is invalid. */
export interface LocatedFaultyRecord extends FaultyRecord, Located {}

/** A record of an archive. The checksum of its chunk has been verified. */
export type ArchivedRecord = SoundRecord | LocatedFaultyRecord

/**
 * The position at which reading starts. `segment` is the index of a segment in the manifest, `entry` is the index of a
 * chunk in this segment, and `bucket` is the first digest bucket to return from this chunk.
 */
interface RecordsFrom {
  readonly segment: number
  readonly entry: number
  readonly bucket: string
}

interface RecordsOptions {
  readonly from?: RecordsFrom | undefined
  readonly ids?: readonly string[] | undefined
  /**
   * If true, also verifies the chunks before `from`, and the tar headers and padding of the segment in which `from` is,
   * at the end of this segment.
   */
  readonly readsThrough?: boolean
}

/**
 * Reads the records of consecutive segments in order, in batches. By default, every byte of the segments is verified,
 * including tar headers and padding. If `from` is given, only this chunk and the following chunks are read and
 * verified. If `ids` is given, only the chunks that can contain these resources are read, and only the records of these
 * resources are returned. Small segments are read together.
 *
 * Throws `ArchiveInvalidError` if a line is not a record, or if the records are not in order. If the item or key of a
 * record is invalid, the record is returned with its fault.
 */
export async function* archivedRecords(
  archive: OpenArchive,
  span: SegmentSpan,
  { from, ids, readsThrough = false }: RecordsOptions = {},
): AsyncGenerator<ArchivedRecord[]> {
  // The segments have the same model, so their records are in one order.
  const order = new RecordOrder(openSegment(archive, span.first))
  const isSelected = ids === undefined ? undefined : mayContain(ids)
  const segments: number[] = []
  for (let k = Math.max(span.first, from?.segment ?? 0); k <= span.last; k++)
    if (isSelected?.(openSegment(archive, k)) !== false) segments.push(k)
  const together = readTogether(archive, segments)
  const selectedIds = ids === undefined ? undefined : new Set(ids)
  let batch: ArchivedRecord[] = []
  let bytes = 0
  try {
    for (const segment of segments) {
      const opened = openSegment(archive, segment)
      const resumed = from?.segment === segment ? from : undefined
      bytes += opened.unpacked_size
      const options = { from: resumed, ids: selectedIds, isSelected }
      for await (const records of segmentRecords(together, segment, order, options)) {
        batch.push(...records)
        if (bytes < BATCH_BYTES) continue
        yield batch
        batch = []
      }
      if (bytes >= BATCH_BYTES) bytes = 0
      if (resumed !== undefined && readsThrough) await readThrough(together, opened)
    }
  } catch (error) {
    // The caller may store its progress if the read of a later segment fails.
    if (batch.length > 0) yield batch
    throw error
  }
  if (batch.length > 0) yield batch
}

/**
 * Batches of segments that together have less than this number of bytes, uncompressed, are joined. The batches of small
 * segments would otherwise be too small to fill requests to DynamoDB.
 */
const BATCH_BYTES = 1024 * 1024

const openSegment = ({ segments }: OpenArchive, segment: number): ArchiveSegment => {
  const opened = segments[segment]
  if (opened === undefined) throw new Error(`the archive has no segment ${segment}`)
  return opened
}

interface SegmentOptions {
  readonly from: RecordsFrom | undefined
  readonly ids: ReadonlySet<string> | undefined
  readonly isSelected: ((entry: IndexLine) => boolean) | undefined
}

async function* segmentRecords(
  archive: OpenArchive,
  segment: number,
  order: RecordOrder,
  { from, ids, isSelected }: SegmentOptions,
): AsyncGenerator<ArchivedRecord[]> {
  const opened = openSegment(archive, segment)
  const index = await readIndex(archive, opened)
  let startBucket = from?.bucket
  const entries = readEntries(archive, opened, index, {
    ...(from === undefined ? {} : { from: from.entry }),
    ...(isSelected === undefined ? {} : { filter: isSelected }),
  })
  for await (const { entry, ordinal, content } of entries) {
    order.beginChunk(entry)
    let line = 0
    try {
      for await (const lines of readLineBatches(entry, content)) {
        const batch: ArchivedRecord[] = []
        for (const bytes of lines) {
          line += 1
          const record = decodeLocated(bytes, { segment, entry, ordinal }, line)
          if (record.fault === undefined) order.check(record)
          else order.countFaulty(record)
          if (ids !== undefined && !isOneOf(ids, record)) continue
          // A faulty record may have no valid id hash. It therefore belongs to the pass that returns the record before
          // it. Records that are not selected by `ids` are skipped first, because the earlier pass has not returned
          // them either.
          if (startBucket !== undefined) {
            if (record.fault !== undefined || record.h < startBucket) continue
            startBucket = undefined
          }
          batch.push(record)
        }
        if (batch.length > 0) yield batch
      }
      order.endChunk()
    } catch (error) {
      throw atByte(opened.offset + entry.offset, error)
    }
  }
}

/** Decodes a line of a chunk. */
export const decodeLocated = (
  bytes: Buffer,
  { segment, entry, ordinal }: { readonly segment: number; readonly entry: IndexLine; readonly ordinal: number },
  line: number,
): ArchivedRecord => {
  const location = { entry: entry.path, line }
  return { ...decodeRecord(bytes, location), segment, entry: ordinal, location }
}

/**
 * Returns true if a record belongs to one of the resources. The attribute and the key of a faulty record may contain
 * different ids.
 */
export const isOneOf = (ids: ReadonlySet<string>, record: ArchivedRecord): boolean =>
  ids.has(record.id) || (record.fault !== undefined && ids.has(record.idInKey))

/**
 * Returns a function that returns true if a segment or chunk can contain one of the resources, according to the range
 * of its id hashes. All segments and chunks of records have this range.
 */
export const mayContain = (ids: Iterable<string>): ((part: ArchiveSegment | IndexLine) => boolean) => {
  const idHashes = Array.from(ids, idHashOf)
  return ({ first_h, last_h }) => idHashes.some((h) => must(first_h) <= h && h <= must(last_h))
}
