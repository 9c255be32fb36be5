import { idHashOf } from '../resources/keys.ts'
import { keyOf } from '../tables/item.ts'
import { quote } from '../values/message-text.ts'
import { must } from '../values/must.ts'
import { compareBytes } from '../values/text-order.ts'
import type { ArchiveSegment, OpenArchive, SegmentSpan } from './archive.ts'
import { type ArchivedRecord, archivedRecords, type LocatedFaultyRecord, type SoundRecord } from './archived-records.ts'
import { readLineBatches } from './chunk-lines.ts'
import { atByte, isArchiveFault, RecordInvalidError } from './errors.ts'
import { frameDamage } from './frame-damage.ts'
import type { IndexLine } from './index-line.ts'
import { decodeRecord } from './record-line.ts'
import { readTogether } from './read-together.ts'
import { indexOrFault, readEntries } from './segment-reader.ts'

/** Records that cannot be read because of damage. */
export interface LostRecords {
  /** The damage. It states the byte of the archive at which the damaged part begins. */
  readonly damage: Error
  /** The path of the damaged chunk. Absent if more than one chunk cannot be read. */
  readonly entry?: string
  /** The range of the id hashes of the lost records. Undefined if it is unknown. */
  readonly range: IdHashRange | undefined
}

export interface IdHashRange {
  readonly first: string
  readonly last: string
}

/** A record that is in the segment of another model, or that is repeated or out of order. */
export interface MisplacedRecord extends LocatedFaultyRecord {
  readonly damage: Error
}

export type SalvagedRecord = ArchivedRecord | MisplacedRecord | LostRecords

export interface SalvageOptions {
  /** If given, only the chunks that can contain these resources are read. */
  readonly ids?: readonly string[] | undefined
  /** Receives damage between the chunks of a segment, such as that of a tar header. It does not affect records. */
  readonly onFrameDamage: (damage: Error) => void
}

/**
 * Reads the records of consecutive segments of a model, and continues after each damaged chunk. In place of the records
 * that cannot be read, returns a `LostRecords`. After the first damage of a segment, finds all damage of this segment.
 */
export async function* salvagedRecords(
  archive: OpenArchive,
  { first, last }: SegmentSpan,
  options: SalvageOptions,
): AsyncGenerator<readonly SalvagedRecord[]> {
  const segments = Array.from({ length: last - first + 1 }, (_, k) => first + k)
  const together = options.ids === undefined ? readTogether(archive, segments) : archive
  for (const segment of segments) yield* salvagedSegment(together, segment, options)
}

async function* salvagedSegment(
  archive: OpenArchive,
  segment: number,
  options: SalvageOptions,
): AsyncGenerator<readonly SalvagedRecord[]> {
  let last: ArchivedRecord | undefined
  try {
    for await (const batch of archivedRecords(archive, { first: segment, last: segment }, { ids: options.ids })) {
      yield batch
      last = batch.at(-1)
    }
  } catch (error) {
    if (!isArchiveFault(error)) throw error
    yield* chunkByChunk(archive, segment, { ...options, after: last, error })
  }
}

interface ChunkOptions extends SalvageOptions {
  /** The last record that was returned. */
  readonly after: ArchivedRecord | undefined
  /** The error that ended the reading of the whole segment. */
  readonly error: Error
}

async function* chunkByChunk(
  archive: OpenArchive,
  segment: number,
  { after, ids, onFrameDamage, error }: ChunkOptions,
): AsyncGenerator<readonly SalvagedRecord[]> {
  const opened = must(archive.segments[segment])
  const index = await indexOrFault(archive, opened)
  if (index instanceof Error) {
    yield [{ damage: index, range: rangeOf(opened) }]
    return
  }
  const hashes = ids?.map(idHashOf)
  let isFound = false
  let isEveryRecordRead = true
  let previous: Pick<SoundRecord, 'id' | 'sk'> | undefined = after?.fault === undefined ? after : undefined
  for (const [ordinal, entry] of index.entries()) {
    if (ordinal < (after?.entry ?? 0)) continue
    const range = rangeOf(entry) ?? { first: '', last: '' }
    if (hashes?.some((h) => range.first <= h && h <= range.last) === false) continue
    // The records before this line have been returned.
    const firstLine = ordinal === after?.entry ? must(after.location.line) + 1 : 1
    let lines = 0
    try {
      for await (const records of chunkRecords(archive, segment, { entry, ordinal })) {
        const wanted: SalvagedRecord[] = []
        for (const record of records) {
          lines += 1
          if (lines < firstLine) continue
          const misplaced = record.fault === undefined ? misplacement(opened, entry, previous, record) : undefined
          if (misplaced !== undefined) isFound = true
          else if (record.fault === undefined) previous = record
          if (ids === undefined || isOneOf(ids, record)) wanted.push(misplaced ?? record)
        }
        if (wanted.length > 0) yield wanted
      }
      if (lines !== (entry.resources ?? 0) + (entry.revisions ?? 0)) isEveryRecordRead = false
    } catch (fault) {
      if (!isArchiveFault(fault)) throw fault
      isFound = true
      yield [{ damage: atByte(opened.offset + entry.offset, fault), entry: entry.path, range }]
    }
  }
  for await (const damage of frameDamage(archive, opened, index)) {
    onFrameDamage(damage)
    // The first error is about the same bytes.
    if (damage.message === error.message) isFound = true
  }
  if (isFound) return
  // All chunks can be read, so the damage is between them, or the order of the records is wrong.
  const damage = atByte(opened.offset, error)
  if (isEveryRecordRead && !(error instanceof RecordInvalidError)) onFrameDamage(damage)
  else yield [{ damage, range: rangeOf(opened) }]
}

const rangeOf = ({ first_h, last_h }: ArchiveSegment | IndexLine): IdHashRange | undefined =>
  first_h === undefined || last_h === undefined ? undefined : { first: first_h, last: last_h }

/** Returns true if a record belongs to one of the resources, according to its attributes or to its key. */
const isOneOf = (ids: readonly string[], record: ArchivedRecord): boolean =>
  ids.includes(record.id) || (record.fault !== undefined && ids.includes(record.idInKey))

/**
 * Returns a record as a misplaced record if it belongs to another model, or if the record before it belongs to the same
 * resource and does not precede it. Otherwise, returns undefined.
 */
const misplacement = (
  { model, offset }: ArchiveSegment,
  entry: IndexLine,
  previous: Pick<SoundRecord, 'id' | 'sk'> | undefined,
  record: SoundRecord,
): MisplacedRecord | undefined => {
  const { id, sk, item, kind, segment, entry: ordinal, location } = record
  const misplaced = (fault: string): MisplacedRecord => {
    const damage = atByte(offset + entry.offset, new RecordInvalidError(fault, location))
    return { kind, id, idInKey: id, key: keyOf(item), fault, segment, entry: ordinal, location, damage }
  }
  if (record.model !== model)
    return misplaced(`the record belongs to model ${record.model}, but its segment to model ${model}`)
  const isRepeated = previous?.id === id && compareBytes(previous.sk, sk) >= 0
  return isRepeated ? misplaced(`the record ${quote(sk)} occurs twice or is out of order`) : undefined
}

async function* chunkRecords(
  archive: OpenArchive,
  segment: number,
  { entry, ordinal }: { readonly entry: IndexLine; readonly ordinal: number },
): AsyncGenerator<ArchivedRecord[]> {
  let line = 0
  for await (const { content } of readEntries(archive, must(archive.segments[segment]), [entry], { from: 0 }))
    for await (const lines of readLineBatches(entry, content))
      yield lines.map((bytes) => {
        line += 1
        const location = { entry: entry.path, line }
        return { ...decodeRecord(bytes, location), segment, entry: ordinal, location }
      })
}
