import { idHashOf } from '../resources/keys.ts'
import type { Item } from '../tables/item.ts'
import { must } from '../values/must.ts'
import type { OpenArchive } from './archive.ts'
import { readLineBatches } from './chunk-lines.ts'
import type { RecordLocation } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import { type DecodedRecord, decodeRecord, type FaultyRecord, type RecordKey } from './record-line.ts'
import { RecordOrder } from './record-order.ts'
import { readEntries, readIndex } from './segment-reader.ts'

/** The place of a record in a segment. */
interface Located {
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
 * The position at which reading starts. `entry` is the index of a chunk, and `bucket` is the first digest bucket to
 * return from this chunk.
 */
interface RecordsFrom {
  readonly entry: number
  readonly bucket: string
}

/**
 * Reads the records of a segment in order, in batches. By default, every byte of the segment is verified, including tar
 * headers and padding. If `from` is given, only this chunk and the following chunks are read and verified. If `ids` is
 * given, only the chunks that can contain these resources are read, and only the records of these resources are
 * returned.
 *
 * Throws `ArchiveInvalidError` if a line is not a record, or if the records are not in order. If the item or key of a
 * record is invalid, the record is returned with its fault.
 */
export async function* archivedRecords(
  archive: OpenArchive,
  segment: number,
  options: { readonly from?: RecordsFrom | undefined; readonly ids?: readonly string[] | undefined } = {},
): AsyncGenerator<ArchivedRecord[]> {
  const opened = archive.segments[segment]
  if (opened === undefined) throw new Error(`the archive has no segment ${segment}`)
  const index = await readIndex(archive, opened)
  const { from } = options
  const ids = options.ids === undefined ? undefined : new Set(options.ids)
  const order = new RecordOrder(opened)
  let startBucket = from?.bucket
  const entries = readEntries(archive, opened, index, {
    ...(from === undefined ? {} : { from: from.entry }),
    ...(ids === undefined ? {} : { filter: mayContain(ids) }),
  })
  for await (const { entry, ordinal, content } of entries) {
    order.beginChunk(entry)
    let line = 0
    for await (const lines of readLineBatches(entry, content)) {
      const batch: ArchivedRecord[] = []
      for (const bytes of lines) {
        line += 1
        const location = { entry: entry.path, line }
        const record = decodeRecord(bytes, location)
        if (record.fault === undefined) order.check(record)
        else order.countFaulty(record)
        if (ids !== undefined && !isOneOf(ids, record)) continue
        // A faulty record may have no valid id hash. It therefore belongs to the pass that returns the record before
        // it. Records that are not selected by `ids` are skipped first, because the earlier pass has not returned them
        // either.
        if (startBucket !== undefined) {
          if (record.fault !== undefined || record.h < startBucket) continue
          startBucket = undefined
        }
        batch.push({ ...record, entry: ordinal, location })
      }
      if (batch.length > 0) yield batch
    }
    order.endChunk()
  }
}

/**
 * Returns true if a record belongs to one of the resources. The attribute and the key of a faulty record may contain
 * different ids.
 */
const isOneOf = (ids: ReadonlySet<string>, record: DecodedRecord): boolean =>
  ids.has(record.id) || (record.fault !== undefined && ids.has(record.idInKey))

/**
 * Returns a function that returns true if a chunk can contain one of the resources, according to the range of its id
 * hashes. All chunks of records have this range.
 */
const mayContain = (ids: ReadonlySet<string>): ((entry: IndexLine) => boolean) => {
  const idHashes = [...ids].map(idHashOf)
  return ({ first_h, last_h }) => idHashes.some((h) => must(first_h) <= h && h <= must(last_h))
}
