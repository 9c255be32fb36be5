import { hashKeyOf } from '../resources/keys.ts'
import type { Item } from '../tables/item.ts'
import type { OpenArchive } from './archive.ts'
import { readLineBatches } from './chunk-lines.ts'
import type { RecordLocation } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import { type DecodedRecord, decodeRecord, type FaultyRecord, type RecordKey } from './record-line.ts'
import { RecordOrder } from './record-order.ts'
import { readEntries, readIndex } from './segment-reader.ts'

/** A record that has a valid item and key. */
export interface SoundRecord extends RecordKey {
  readonly item: Item
  readonly fault?: undefined
  /** The number of the record's chunk in the segment, from 0. A later pass can resume at this chunk. */
  readonly entry: number
  readonly location: RecordLocation
}

/** A record whose item or key is invalid. */
export interface LocatedFaultyRecord extends FaultyRecord {
  readonly location: RecordLocation
}

/** A record of an archive. The bytes of its chunk have been checked. */
export type ArchivedRecord = SoundRecord | LocatedFaultyRecord

/** The position at which reading starts: a chunk, and the first digest bucket of that chunk to return. */
interface RecordsFrom {
  readonly entry: number
  readonly bucket: string
}

/**
 * Reads the records of a segment in order, in batches. By default, every byte of the segment is checked, tar headers
 * and padding included. With `from`, only this chunk and the chunks after it are read and checked. With `ids`, only the
 * chunks that can contain these resources are read, and only the records of these resources are returned.
 *
 * Throws `ArchiveInvalidError` if a line is no record, or if the records are not in order. A record whose item or key
 * is invalid is returned with its fault.
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
  const firstBucket = from?.bucket ?? ''
  let isBeforeStart = from !== undefined
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
        // A faulty record belongs to the pass that reads the records before it.
        if (isBeforeStart) isBeforeStart = record.fault !== undefined || record.h.slice(0, 4) < firstBucket
        if (isBeforeStart || (ids !== undefined && !isOneOf(ids, record))) continue
        batch.push(record.fault === undefined ? { ...record, entry: ordinal, location } : { ...record, location })
      }
      if (batch.length > 0) yield batch
    }
    order.endChunk()
  }
}

/** A faulty record may state two different ids. */
const isOneOf = (ids: ReadonlySet<string>, record: DecodedRecord): boolean =>
  ids.has(record.id) || (record.fault !== undefined && ids.has(record.idInKey))

/** Returns a test of whether the range of a chunk's hash keys includes the hash key of one of the resources. */
const mayContain = (ids: ReadonlySet<string>): ((entry: IndexLine) => boolean) => {
  const hashKeys = [...ids].map(hashKeyOf)
  return ({ first_h, last_h }) =>
    hashKeys.some((h) => first_h !== undefined && last_h !== undefined && first_h <= h && h <= last_h)
}
