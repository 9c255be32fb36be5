import { must } from '../values/must.ts'
import type { ArchiveSegment, OpenArchive, SegmentSpan } from './archive.ts'
import { type ArchivedRecord, decodeLocated, isOneOf, mayContain } from './archived-records.ts'
import { readLineBatches } from './chunk-lines.ts'
import { atByte, isArchiveFault, RecordInvalidError, resultOrArchiveFault } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import { readTogether } from './read-together.ts'
import { RecordOrder } from './record-order.ts'
import { salvagedEntries, type SalvagedEntry, type SalvageOptions } from './salvaged-entries.ts'
import { readIndex } from './segment-reader.ts'

/** A part of an archive whose records cannot be read because of damage, or are not those that its index line states. */
interface LostRecords {
  readonly kind: 'lost'
  readonly damage: Error
  /** The path of the damaged chunk. Absent if the index of the segment is damaged. */
  readonly path?: string
  /** The range of the id hashes of the part. */
  readonly range: IdHashRange
}

export interface IdHashRange {
  readonly first: string
  readonly last: string
}

/** Returns true if a resource with the id hash `h` can be in the part with this range. */
export const isInRange = ({ first, last }: IdHashRange, h: string): boolean => first <= h && h <= last

/**
 * A record that is in the segment of another model, or that is repeated or out of order. If it begins a resource that is
 * out of order, the record itself follows, because this resource can be read.
 */
interface MisplacedRecord {
  readonly kind: 'misplaced'
  /** The id of its resource. */
  readonly id: string
  readonly damage: Error
}

export type SalvagedRecord = ArchivedRecord | MisplacedRecord | LostRecords

interface RecordsOptions extends Pick<SalvageOptions, 'onFrameDamage'> {
  /** If given, only the chunks that can contain these resources are read, and only their records are returned. */
  readonly ids?: readonly string[] | undefined
}

/**
 * Reads the records of consecutive segments of a model like `archivedRecords`, but continues after damage, with the
 * same number of requests.
 */
export async function* salvagedRecords(
  archive: OpenArchive,
  { first, last }: SegmentSpan,
  { ids, onFrameDamage }: RecordsOptions,
): AsyncGenerator<readonly SalvagedRecord[]> {
  const filter = ids === undefined ? undefined : mayContain(ids)
  const selected = ids === undefined ? undefined : new Set(ids)
  const segments = Array.from({ length: last - first + 1 }, (_, k) => first + k).filter(
    (k) => filter?.(must(archive.segments[k])) !== false,
  )
  const together = readTogether(archive, segments)
  const order = new RecordOrder(must(archive.segments[first]))
  for (const segment of segments) {
    const opened = must(together.segments[segment])
    const index = await resultOrArchiveFault(() => readIndex(together, opened))
    if (index instanceof Error) {
      yield [{ kind: 'lost', damage: index, range: rangeOf(opened) }]
      continue
    }
    for await (const chunk of salvagedEntries(together, opened, index, { filter, onFrameDamage })) {
      const start = opened.offset + chunk.entry.offset
      yield* salvagedChunk({ ...chunk, segment, start }, order, selected)
    }
  }
}

interface Chunk extends SalvagedEntry {
  /** The index of its segment in the manifest. */
  readonly segment: number
  /** The byte of the archive at which its content begins. */
  readonly start: number
}

async function* salvagedChunk(
  chunk: Chunk,
  order: RecordOrder,
  ids: ReadonlySet<string> | undefined,
): AsyncGenerator<readonly SalvagedRecord[]> {
  const { entry, content, start } = chunk
  order.beginChunk(entry)
  let line = 0
  try {
    for await (const lines of readLineBatches(entry, content.stream)) {
      const batch: SalvagedRecord[] = []
      for (const bytes of lines) {
        line += 1
        const record = decodeLocated(bytes, chunk, line)
        const checked = checkOrder(order, record, start)
        if (ids === undefined || isOneOf(ids, record)) batch.push(...checked)
      }
      if (batch.length > 0) yield batch
    }
    order.endChunk()
  } catch (error) {
    if (!isArchiveFault(error)) throw error
    yield [{ kind: 'lost', damage: atByte(start, error), path: entry.path, range: rangeOf(entry) }]
  }
}

const rangeOf = ({ first_h, last_h }: ArchiveSegment | IndexLine): IdHashRange => ({
  first: must(first_h),
  last: must(last_h),
})

/** Checks the order of a record. `start` is the byte at which its chunk begins. */
const checkOrder = (order: RecordOrder, record: ArchivedRecord, start: number): readonly SalvagedRecord[] => {
  if (record.fault !== undefined) {
    order.countFaulty(record)
    return [record]
  }
  try {
    order.check(record)
    return [record]
  } catch (error) {
    if (!(error instanceof RecordInvalidError)) throw error
    const misplaced: MisplacedRecord = { kind: 'misplaced', id: record.id, damage: atByte(start, error) }
    return order.previous === record ? [misplaced, record] : [misplaced]
  }
}
