import type { OpenArchive } from './archive.ts'
import { decodeLine, recordOf, type RecordKey } from './record-line.ts'
import { RecordOrder } from './record-order.ts'
import { readEntries, readIndex, readLineBatches } from './segment-reader.ts'
import type { Item } from '../tables/item.ts'
import { hashKeyOf } from '../resources/keys.ts'

/** One line of an archive, checked: what it is, and where it stands. */
export interface ArchivedRecord extends RecordKey {
  readonly item: Item
  /** The chunk's place in its segment: where a later pass resumes. */
  readonly entry: number
}

/** Where reading begins: a chunk, and in it the first bucket that counts. */
export interface RecordsFrom {
  readonly entry: number
  readonly bucket: string
}

/**
 * Reads a segment's records in order, in batches (one for each piece of unpacked bytes). From the start of a segment every
 * byte is checked, frames included; a later start checks what it reads. With `ids` only the chunks that can hold them are
 * read, and only their records are given.
 */
export async function* archivedRecords(
  archive: OpenArchive,
  segment: number,
  options: { readonly from?: RecordsFrom | undefined; readonly ids?: readonly string[] | undefined } = {},
): AsyncGenerator<ArchivedRecord[]> {
  const opened = archive.segments[segment]
  if (opened === undefined) throw new Error(`the archive has no segment ${segment}`)
  const index = await readIndex(archive, opened)
  const { from, ids } = options
  const wanted = ids === undefined ? undefined : new Set(ids)
  const places = ids?.map(hashKeyOf)
  const order = new RecordOrder(opened, { partial: wanted !== undefined || from !== undefined })
  const entries = readEntries(archive, opened, index, {
    ...(from === undefined ? {} : { from: from.entry }),
    ...(places === undefined
      ? {}
      : {
          only: ({ first_h, last_h }) =>
            places.some((h) => first_h !== undefined && last_h !== undefined && first_h <= h && h <= last_h),
        }),
  })
  for await (const { entry, ordinal, content } of entries) {
    order.beginChunk(entry)
    let n = 0
    for await (const lines of readLineBatches(entry, content)) {
      const batch: ArchivedRecord[] = []
      for (const line of lines) {
        n += 1
        const where = { entry: entry.path, line: n }
        const item = decodeLine(line, where)
        const place = recordOf(item, where)
        order.check(place, item)
        if (wanted !== undefined && !wanted.has(place.id)) continue
        if (from !== undefined && place.h.slice(0, 4) < from.bucket) continue
        batch.push({ ...place, item, entry: ordinal })
      }
      if (batch.length > 0) yield batch
    }
    order.endChunk()
  }
  order.end()
}
