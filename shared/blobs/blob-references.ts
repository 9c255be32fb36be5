import { createHash } from 'node:crypto'
import pMap from 'p-map'
import * as z from 'zod'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { BlobReferenceList, PrefixRange } from './blob-reference-list.ts'
import { addReferrers, type Referrer } from './referrer.ts'

/*
 * A list of references contains the blobs and spilled payloads to which resources refer. Each worker that reads records
 * collects references in a `BlobReferenceSet` and writes one list. Later stages divide the work into ranges of
 * positions. Each map item of such a stage reads one range from all lists.
 *
 * A list is sorted by the positions of the references. Archives have the same order, with payloads before blobs. A
 * position has 65 hex digits:
 *
 * - The position of a payload is `0` and the SHA-256 of the payload.
 * - The position of a blob is `1` and the SHA-256 of the file id.
 *
 * The prefix of a position is the number in its first 4 hex digits: 0 to 4095 for payloads, and 4096 to 8191 for blobs.
 * Positions are hashes, so each prefix has about the same number of payloads or blobs.
 *
 * A list is an object in the work bucket. It begins with a table, and the lines follow:
 *
 * - The table has 8,193 unsigned 32-bit little-endian integers. The first 8,192 are the offsets of the first line of
 *   each prefix. The last is the offset of the end of the last line.
 * - Each reference has one line, and the lines are in the order of positions. A line is JSON and a newline:
 *   `["{position}","{id}",["{model}",…],{needed},{reported},["{model}","{resource id}"],…]`.
 *   The pairs at its end are the first resources that refer to the blob.
 *
 * Offsets are bytes from the end of the table. With the table, a range of prefixes can be read with two small requests:
 * one for the offsets and one for the lines.
 */

/** A reference to a blob or a spilled payload. All references to the same blob or payload are merged into one. */
export interface BlobReference {
  readonly position: string
  /** The file id of a blob, or the SHA-256 of a payload. */
  readonly id: string
  /**
   * The models whose resources refer to the blob or payload. In a restore, only references at the paths in the
   * archive's manifest count. The list is empty if payloads refer to the blob only at paths in the registry. The
   * archive need not contain such a blob.
   */
  readonly models: readonly string[]
  /** True if a resource that the restore will write refers to the blob or payload. In an export, always true. */
  readonly needed: boolean
  /**
   * True if the blob is reported when it is missing. False if no resource that the restore will write refers to the
   * blob at a path in the registry.
   */
  readonly reported: boolean
  /** The first resources that refer to the blob. Empty for a payload. */
  readonly resources: readonly Referrer[]
}

export const blobPosition = (fileId: string): string => `1${createHash('sha256').update(fileId).digest('hex')}`
export const payloadPosition = (sha256: string): string => `0${sha256}`
export const isPayloadPosition = (position: string): boolean => position.startsWith('0')

const PREFIX_DIGITS = 4
/** The number of prefixes of payloads. Blobs have the same number of prefixes. */
const KIND_PREFIXES = 4096
export const PREFIX_COUNT = 2 * KIND_PREFIXES
export const prefixOf = (position: string): number => Number.parseInt(position.slice(0, PREFIX_DIGITS), 16)
/**
 * Returns a lower bound of the positions with this prefix, which is greater than all positions with smaller prefixes.
 * For `PREFIX_COUNT`, the result is greater than every position.
 */
export const firstPosition = (prefix: number): string => prefix.toString(16).padStart(PREFIX_DIGITS, '0')

const Line = z.tuple(
  [z.string(), z.string(), z.array(z.string()), z.boolean(), z.boolean()],
  z.tuple([z.string(), z.string()]),
)
const OFFSET_BYTES = 4
const TABLE_BYTES = (PREFIX_COUNT + 1) * OFFSET_BYTES

interface MergedReference {
  readonly id: string
  readonly models: Set<string>
  needed: boolean
  reported: boolean
  readonly resources: Referrer[]
}

const merge = (merged: Map<string, MergedReference>, reference: BlobReference): void => {
  const { position, id, models, needed, reported, resources } = reference
  const known = merged.get(position)
  if (known === undefined) {
    merged.set(position, { id, models: new Set(models), needed, reported, resources: [...resources] })
    return
  }
  for (const model of models) known.models.add(model)
  known.needed ||= needed
  known.reported ||= reported
  addReferrers(known.resources, resources)
}

/**
 * Collects the references of one worker in memory and writes them as one list. The caller must check `size` to limit
 * the memory.
 */
export class BlobReferenceSet {
  readonly #references = new Map<string, MergedReference>()
  /** A cache of the positions by file id. A file id that occurs many times is thus hashed only once. */
  readonly #positions = new Map<string, string>()

  /** The number of different blobs and payloads in the set. */
  get size(): number {
    return this.#references.size
  }

  /**
   * Adds a reference to a blob. `resourceId` is the id of the resource that refers to the blob. Only the first
   * `MAX_REFERRERS` ids are kept. By default, a needed blob is reported if it is missing.
   */
  addBlob(model: string, id: string, needed = true, resourceId?: string, reported = needed): void {
    const resources = resourceId === undefined ? [] : [{ model, resource_id: resourceId }]
    merge(this.#references, { position: this.#positionOf(id), id, models: [model], needed, reported, resources })
  }

  /** Adds a reference that is at a path in the registry, but not at a path in the archive's manifest. */
  addUnarchivedBlob(model: string, id: string, needed: boolean, resourceId?: string): void {
    const resources = resourceId === undefined ? [] : [{ model, resource_id: resourceId }]
    merge(this.#references, { position: this.#positionOf(id), id, models: [], needed, reported: needed, resources })
  }

  addPayload(model: string, id: string, needed = true): void {
    const position = payloadPosition(id)
    merge(this.#references, { position, id, models: [model], needed, reported: needed, resources: [] })
  }

  /** Adds all references of another set. */
  addAll(other: BlobReferenceSet): void {
    for (const [position, reference] of other.#references)
      merge(this.#references, { ...reference, position, models: [...reference.models] })
  }

  #positionOf(fileId: string): string {
    const known = this.#positions.get(fileId)
    if (known !== undefined) return known
    const position = blobPosition(fileId)
    this.#positions.set(fileId, position)
    return position
  }

  /** Writes the references as a list object under this key. Does not change the set. */
  write(objects: ObjectStore, bucket: string, key: string): Promise<BlobReferenceList> {
    return writeBlobReferences(objects, bucket, key, inOrder(this.#references))
  }
}

/** Writes references, which must be in the order of positions, as a list object under this key. */
export const writeBlobReferences = async (
  objects: ObjectStore,
  bucket: string,
  key: string,
  references: readonly BlobReference[],
): Promise<BlobReferenceList> => {
  const table = Buffer.alloc(TABLE_BYTES)
  const lines: Buffer[] = []
  let offset = 0
  let prefix = 0
  for (const { position, id, models, needed, reported, resources } of references) {
    while (prefix <= prefixOf(position)) table.writeUInt32LE(offset, OFFSET_BYTES * prefix++)
    const referrers = resources.map(({ model, resource_id }) => [model, resource_id])
    const line = Buffer.from(`${JSON.stringify([position, id, models, needed, reported, ...referrers])}\n`)
    lines.push(line)
    offset += line.length
  }
  while (prefix <= PREFIX_COUNT) table.writeUInt32LE(offset, OFFSET_BYTES * prefix++)
  const payloads = references.filter(({ position }) => isPayloadPosition(position)).length
  const object = await objects.put(bucket, key, Buffer.concat([table, ...lines]))
  return { object, payloads, blobs: references.length - payloads }
}

/**
 * Divides the prefixes of payloads, and the prefixes of blobs, into ranges of about so many references. The lists need
 * not be read. Positions are distributed evenly, so the counts of the lists are sufficient. If there are no
 * payloads, no range for payloads is returned. The same applies to blobs.
 */
export const planPrefixRanges = (
  lists: readonly BlobReferenceList[],
  perRange: { readonly payloads: number; readonly blobs: number },
): PrefixRange[] => {
  const divide = (first: number, kind: 'payloads' | 'blobs'): PrefixRange[] => {
    const count = Math.min(Math.ceil(countIn(lists, kind) / perRange[kind]), KIND_PREFIXES)
    const border = (k: number): number => first + Math.floor((k * KIND_PREFIXES) / count)
    return Array.from({ length: count }, (_, k) => ({ from: border(k), to: border(k + 1) }))
  }
  return [...divide(0, 'payloads'), ...divide(KIND_PREFIXES, 'blobs')]
}

const countIn = (lists: readonly BlobReferenceList[], kind: 'payloads' | 'blobs'): number =>
  lists.reduce((total, list) => total + list[kind], 0)

/** Some references to blobs, and the number of all different blobs. */
interface BlobSample {
  readonly references: readonly BlobReference[]
  /** Estimated from the sample. It is exact if there is one list, or if the sample contains all references. */
  readonly blobs: number
}

/**
 * Returns about `count` references to blobs, or all if there are fewer. Reads as many prefixes as contain about so many
 * references. A blob that several lists contain is counted several times, so the sample can be smaller.
 */
export const sampleBlobReferences = async (
  objects: ObjectStore,
  lists: readonly BlobReferenceList[],
  count: number,
): Promise<BlobSample> => {
  const total = countIn(lists, 'blobs')
  if (total === 0) return { references: [], blobs: 0 }
  const width = Math.min(KIND_PREFIXES, Math.ceil((KIND_PREFIXES * count) / total))
  const read = await readAll(objects, lists, { from: KIND_PREFIXES, to: KIND_PREFIXES + width })
  const references = mergeAll(read)
  const blobs = read.length === 0 ? total : Math.round((total * references.length) / read.length)
  return { references: references.slice(0, count), blobs }
}

/** The number of lists that are read at the same time. Most of the time is latency, because the reads are small. */
const PARALLEL_READS = 16

/**
 * Reads one range of prefixes from all lists and merges the references. Returns each reference once, in the order of
 * positions. The result depends only on the order of the lists. All references of the range are in memory at the same
 * time.
 */
export const readBlobReferences = async (
  objects: ObjectStore,
  lists: readonly BlobReferenceList[],
  range: PrefixRange,
): Promise<BlobReference[]> => mergeAll(await readAll(objects, lists, range))

/** Reads one range of prefixes from all lists. Several lists can contain the same reference. */
const readAll = async (
  objects: ObjectStore,
  lists: readonly BlobReferenceList[],
  { from, to }: PrefixRange,
): Promise<BlobReference[]> => {
  const overlapping = lists.filter(
    ({ prefixes }) => prefixes === undefined || (prefixes.from < to && from < prefixes.to),
  )
  const references = await pMap(overlapping, ({ object }) => readRange(objects, object, { from, to }), {
    concurrency: PARALLEL_READS,
  })
  return references.flat()
}

const mergeAll = (references: readonly BlobReference[]): BlobReference[] => {
  const merged = new Map<string, MergedReference>()
  for (const reference of references) merge(merged, reference)
  return inOrder(merged)
}

/** Reads one range of prefixes from one list. */
const readRange = async (
  objects: ObjectStore,
  object: PinnedObject,
  { from, to }: PrefixRange,
): Promise<BlobReference[]> => {
  const offsets = await objects.readBytes(object, OFFSET_BYTES * from, OFFSET_BYTES * (to - from + 1))
  const start = offsets.readUInt32LE(0)
  const end = offsets.readUInt32LE(offsets.length - OFFSET_BYTES)
  if (end === start) return []
  const lines = await objects.readBytes(object, TABLE_BYTES + start, end - start)
  return lines
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [position, id, models, needed, reported, ...referrers] = Line.parse(JSON.parse(line))
      const resources = referrers.map(([model, resource_id]) => ({ model, resource_id }))
      return { position, id, models, needed, reported, resources }
    })
}

const inOrder = (merged: ReadonlyMap<string, MergedReference>): BlobReference[] =>
  [...merged]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([position, reference]) => ({ position, ...reference, models: [...reference.models] }))
