import { createHash } from 'node:crypto'
import pMap from 'p-map'
import { z } from 'zod'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { BlobReferenceList } from './blob-reference-list.ts'

/*
 * Which blobs and spilled payloads a set of payloads refers to. Each worker that reads records collects its references
 * in a `BlobReferenceSet` and writes them as one list. Later stages split the work by ranges of positions and read the
 * same range of all lists.
 *
 * A position orders references as an archive does, payloads before blobs. It has 65 hex digits:
 *
 *   payload: `0` and the SHA-256 of the payload
 *   blob:    `1` and the SHA-256 of the file id
 *
 * The prefix of a position is the number formed by its first 4 hex digits: 0 to 4095 for payloads, 4096 to 8191 for
 * blobs. Positions are hashes, so prefixes divide them evenly.
 *
 * A list is an object in the work bucket:
 *
 *   table: 8,193 unsigned 32-bit little-endian integers: for each prefix the offset of its first line, and the end of
 *          the last line
 *   lines: `["{position}","{id}",["{model}",…],{needed}]` and a newline for each reference, in the order of positions
 *
 * Offsets count from the end of the table. Two small reads therefore return any range of prefixes.
 */

/** A reference to a blob or a spilled payload, merged from all payloads that contain it. */
export interface BlobReference {
  readonly position: string
  /** The file id of a blob, or the SHA-256 of a payload. */
  readonly id: string
  /** The models whose payloads refer to it. */
  readonly models: readonly string[]
  /** Restores only: whether a resource that will be written refers to it. */
  readonly needed: boolean
}

export const blobPosition = (fileId: string): string => `1${createHash('sha256').update(fileId).digest('hex')}`
export const payloadPosition = (sha256: string): string => `0${sha256}`
export const isPayloadPosition = (position: string): boolean => position.startsWith('0')

const PREFIX_DIGITS = 4
/** Prefixes of each kind. */
const KIND_PREFIXES = 4096
export const PREFIX_COUNT = 2 * KIND_PREFIXES
const prefixOf = (position: string): number => Number.parseInt(position.slice(0, PREFIX_DIGITS), 16)
/** The lower bound of all positions with a prefix. For `PREFIX_COUNT` it is greater than every position. */
export const firstPosition = (prefix: number): string => prefix.toString(16).padStart(PREFIX_DIGITS, '0')

const Line = z.tuple([z.string(), z.string(), z.array(z.string()), z.boolean()])
const OFFSET_BYTES = 4
const TABLE_BYTES = (PREFIX_COUNT + 1) * OFFSET_BYTES

interface MergedReference {
  readonly id: string
  readonly models: Set<string>
  needed: boolean
}

const merge = (
  merged: Map<string, MergedReference>,
  position: string,
  id: string,
  models: readonly string[],
  needed: boolean,
): void => {
  const known = merged.get(position)
  if (known === undefined) {
    merged.set(position, { id, models: new Set(models), needed })
    return
  }
  for (const model of models) known.models.add(model)
  known.needed ||= needed
}

/**
 * Collects the references of one pass in memory and writes them as one list. The caller bounds the memory by `size`.
 */
export class BlobReferenceSet {
  readonly #references = new Map<string, MergedReference>()
  /** By file id: hashing an id once is enough. */
  readonly #positions = new Map<string, string>()

  /** How many different blobs and payloads the set contains. */
  get size(): number {
    return this.#references.size
  }

  addBlob(model: string, fileId: string, needed = true): void {
    let position = this.#positions.get(fileId)
    if (position === undefined) {
      position = blobPosition(fileId)
      this.#positions.set(fileId, position)
    }
    merge(this.#references, position, fileId, [model], needed)
  }

  addPayload(model: string, sha256: string, needed = true): void {
    merge(this.#references, payloadPosition(sha256), sha256, [model], needed)
  }

  async write(objects: ObjectStore, bucket: string, key: string): Promise<BlobReferenceList> {
    const references = [...this.#references].sort(byPosition)
    const table = Buffer.alloc(TABLE_BYTES)
    const lines: Buffer[] = []
    let offset = 0
    let prefix = 0
    for (const [position, { id, models, needed }] of references) {
      while (prefix <= prefixOf(position)) table.writeUInt32LE(offset, OFFSET_BYTES * prefix++)
      const line = Buffer.from(`${JSON.stringify([position, id, [...models], needed])}\n`)
      lines.push(line)
      offset += line.length
    }
    while (prefix <= PREFIX_COUNT) table.writeUInt32LE(offset, OFFSET_BYTES * prefix++)
    const payloads = references.filter(([position]) => isPayloadPosition(position)).length
    const object = await objects.put(bucket, key, Buffer.concat([table, ...lines]))
    return { object, payloads, blobs: references.length - payloads }
  }
}

/** Prefixes from `from`, inclusive, to `to`, exclusive. */
export interface PrefixRange {
  readonly from: number
  readonly to: number
}

/**
 * Divides the prefixes of both kinds into ranges of about `perRange` references. It needs the counts of the lists only,
 * because positions are distributed evenly. A kind without references has no range.
 */
export const planPrefixRanges = (lists: readonly BlobReferenceList[], perRange: number): PrefixRange[] => {
  const sum = (kind: 'payloads' | 'blobs'): number => lists.reduce((total, list) => total + list[kind], 0)
  const divide = (first: number, references: number): PrefixRange[] => {
    const count = Math.min(Math.ceil(references / perRange), KIND_PREFIXES)
    const border = (k: number): number => first + Math.floor((k * KIND_PREFIXES) / count)
    return Array.from({ length: count }, (_, k) => ({ from: border(k), to: border(k + 1) }))
  }
  return [...divide(0, sum('payloads')), ...divide(KIND_PREFIXES, sum('blobs'))]
}

/** Lists that are read at the same time, to hide the latency of small reads. */
const PARALLEL_READS = 16

/**
 * Reads one range of prefixes from all lists and merges it: each reference once, in the order of the positions. Its
 * memory is that of the references in the range.
 */
export const readBlobReferences = async (
  objects: ObjectStore,
  lists: readonly BlobReferenceList[],
  { from, to }: PrefixRange,
): Promise<BlobReference[]> => {
  const merged = new Map<string, MergedReference>()
  await pMap(
    lists,
    async ({ object }) => {
      const offsets = await objects.readBytes(object, OFFSET_BYTES * from, OFFSET_BYTES * (to - from + 1))
      const start = offsets.readUInt32LE(0)
      const end = offsets.readUInt32LE(offsets.length - OFFSET_BYTES)
      if (end === start) return
      const lines = await objects.readBytes(object, TABLE_BYTES + start, end - start)
      for (const line of lines.toString().trimEnd().split('\n')) {
        const [position, id, models, needed] = Line.parse(JSON.parse(line))
        merge(merged, position, id, models, needed)
      }
    },
    { concurrency: PARALLEL_READS },
  )
  return [...merged]
    .sort(byPosition)
    .map(([position, { id, models, needed }]) => ({ position, id, models: [...models], needed }))
}

const byPosition = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)
