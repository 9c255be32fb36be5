import type { OpenArchive, SegmentSpan } from '../../../../shared/archive/archive.ts'
import { type ArchivedRecord, archivedRecords } from '../../../../shared/archive/archived-records.ts'
import { readLineBatches } from '../../../../shared/archive/chunk-lines.ts'
import { isArchiveFault, RecordInvalidError } from '../../../../shared/archive/errors.ts'
import type { IndexLine } from '../../../../shared/archive/index-line.ts'
import { type DecodedRecord, decodeRecord } from '../../../../shared/archive/record-line.ts'
import { readTogether } from '../../../../shared/archive/read-together.ts'
import { readEntries, readIndex } from '../../../../shared/archive/segment-reader.ts'
import { idHashOf } from '../../../../shared/resources/keys.ts'
import { quote } from '../../../../shared/values/message-text.ts'
import { must } from '../../../../shared/values/must.ts'
import { compareBytes } from '../../../../shared/values/text-order.ts'

/** A part of a segment that cannot be read. */
interface LostRecords {
  /** The damage, and the byte of the archive at which the damaged part begins. */
  readonly reason: string
  /** The range of the id hashes of the lost records. Undefined if it is unknown. */
  readonly range: { readonly first: string; readonly last: string } | undefined
}

interface Located {
  readonly location: { readonly entry?: string; readonly line?: number }
}
type SoundRecord = Extract<DecodedRecord, { readonly fault?: undefined }> & Located
type FaultyRecord = Pick<Extract<DecodedRecord, { readonly fault: string }>, 'id' | 'idInKey' | 'fault'> & Located
type LocatedRecord = SoundRecord | FaultyRecord
type Salvaged = LocatedRecord | LostRecords

export interface SalvageOptions {
  /** If given, only the chunks that can contain these resources are read. */
  readonly ids: readonly string[] | undefined
  /** Receives the damage between the chunks of a segment, such as that of tar headers. No record is lost by it. */
  readonly onHarmlessDamage: ((damage: string) => void) | undefined
}

/**
 * Reads the records of consecutive segments of a model, and goes on after each damaged chunk. In place of the records
 * that cannot be read, returns a `LostRecords`.
 */
export async function* salvagedRecords(
  archive: OpenArchive,
  { first, last }: SegmentSpan,
  options: SalvageOptions,
): AsyncGenerator<readonly Salvaged[]> {
  const segments = Array.from({ length: last - first + 1 }, (_, k) => first + k)
  const together = options.ids === undefined ? readTogether(archive, segments) : archive
  for (const segment of segments) yield* salvagedSegment(together, segment, options)
}

async function* salvagedSegment(
  archive: OpenArchive,
  segment: number,
  options: SalvageOptions,
): AsyncGenerator<readonly Salvaged[]> {
  const { ids } = options
  let last: ArchivedRecord | undefined
  try {
    for await (const batch of archivedRecords(archive, { first: segment, last: segment }, { ids })) {
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
  { after, ids, onHarmlessDamage, error }: ChunkOptions,
): AsyncGenerator<readonly Salvaged[]> {
  const opened = must(archive.segments[segment])
  const { first_h, last_h } = opened
  const range = first_h === undefined || last_h === undefined ? undefined : { first: first_h, last: last_h }
  const index = await readIndex(archive, opened).catch((fault: unknown) => {
    if (!isArchiveFault(fault)) throw fault
    return fault
  })
  if (index instanceof Error) {
    yield [{ reason: `${index.message} (at byte ${opened.index.offset} of the archive)`, range }]
    return
  }
  const hashes = ids?.map(idHashOf)
  let isFound = false
  let isEveryRecordRead = true
  let previous: Pick<SoundRecord, 'id' | 'sk'> | undefined = after?.fault === undefined ? after : undefined
  for (const [ordinal, entry] of index.entries()) {
    if (ordinal < (after?.entry ?? 0)) continue
    const own = { first: entry.first_h ?? '', last: entry.last_h ?? '' }
    if (hashes?.some((h) => own.first <= h && h <= own.last) === false) continue
    // The records before this line have been returned.
    const firstLine = ordinal === after?.entry ? (after.location.line ?? 0) + 1 : 1
    let lines = 0
    try {
      for await (const records of chunkRecords(archive, segment, entry)) {
        const wanted: LocatedRecord[] = []
        lines += records.length
        for (const record of records) {
          if (record.location.line < firstLine) continue
          const fault = record.fault === undefined ? misplacement(opened.model, previous, record) : undefined
          if (fault !== undefined) isFound = true
          else if (record.fault === undefined) previous = record
          if (ids === undefined || isOneOf(ids, record)) wanted.push(fault ?? record)
        }
        if (wanted.length > 0) yield wanted
      }
      if (lines !== (entry.resources ?? 0) + (entry.revisions ?? 0)) isEveryRecordRead = false
    } catch (fault) {
      if (!isArchiveFault(fault)) throw fault
      isFound = true
      const location = `the entry begins at byte ${opened.offset + entry.offset} of the archive`
      yield [{ reason: `${fault.message} (${location})`, range: own }]
    }
  }
  if (isFound) return
  // All chunks can be read, so the damage is between them, or the order of the records is wrong.
  const reason = `${error.message} (in the segment at byte ${opened.offset} of the archive)`
  if (isEveryRecordRead && !(error instanceof RecordInvalidError)) onHarmlessDamage?.(reason)
  else yield [{ reason, range }]
}

/** Returns true if a record belongs to one of the resources, according to its attributes or to its key. */
const isOneOf = (ids: readonly string[], record: LocatedRecord): boolean =>
  ids.includes(record.id) || (record.fault !== undefined && ids.includes(record.idInKey))

/**
 * Returns a record as a faulty record if it belongs to another model, or if the record before it belongs to the same
 * resource and does not precede it. Otherwise, returns undefined.
 */
const misplacement = (
  model: string | undefined,
  previous: Pick<SoundRecord, 'id' | 'sk'> | undefined,
  record: SoundRecord,
): FaultyRecord | undefined => {
  const { id, sk, location } = record
  const faulty = (fault: string): FaultyRecord => ({ id, idInKey: id, fault, location })
  if (record.model !== model)
    return faulty(`the record belongs to model ${record.model}, but its segment to model ${model}`)
  const isRepeated = previous?.id === id && compareBytes(previous.sk, sk) >= 0
  return isRepeated ? faulty(`the record ${quote(sk)} occurs twice or is out of order`) : undefined
}

async function* chunkRecords(
  archive: OpenArchive,
  segment: number,
  entry: IndexLine,
): AsyncGenerator<(DecodedRecord & { readonly location: Required<Located['location']> })[]> {
  let line = 0
  for await (const { content } of readEntries(archive, must(archive.segments[segment]), [entry], { from: 0 }))
    for await (const lines of readLineBatches(entry, content))
      yield lines.map((bytes) => {
        line += 1
        const location = { entry: entry.path, line }
        return { ...decodeRecord(bytes, location), location }
      })
}
