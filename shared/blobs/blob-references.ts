import { createHash } from 'node:crypto'
import pMap from 'p-map'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { BlobReferenceList } from './blob-reference-list.ts'

/**
 * What payloads refer to, as record workers saw it: each blob and each spilled payload once a list, in the order in
 * which an archive holds them. A position is `0` + SHA-256 of a payload, or `1` + SHA-256 of a file id.
 */
export interface BlobReference {
  readonly position: string
  /** The file id; for a payload its SHA-256. */
  readonly id: string
  /** The models whose payloads refer to it. */
  readonly models: readonly string[]
  /** Restore: a resource that is to be written refers to it. */
  readonly needed: boolean
}

export const blobPosition = (fileId: string): string => `1${createHash('sha256').update(fileId).digest('hex')}`
export const payloadPosition = (sha256: string): string => `0${sha256}`

/** Positions fall into 8,192 cells by kind and the first 3 digits: a range of them is read out of a list by two small reads. */
export const CELLS = 2 * 4096
export const FIRST_BLOB_CELL = 4096
const cellOf = (position: string): number => Number.parseInt(position.slice(0, 4), 16)
/** The first position of a cell; `CELLS` gives one after all positions. */
export const cellStart = (cell: number): string => cell.toString(16).padStart(4, '0')

const HEADER_BYTES = (CELLS + 1) * 4

interface Line {
  readonly id: string
  readonly models: Set<string>
  needed: boolean
}

/** Collects references in memory (a pass names a bounded number) and writes them as one list. */
export class BlobReferenceSet {
  readonly #lines = new Map<string, Line>()
  readonly #positions = new Map<string, string>()

  get size(): number {
    return this.#lines.size
  }

  blob(model: string, fileId: string, needed = true): void {
    let position = this.#positions.get(fileId)
    if (position === undefined) {
      position = blobPosition(fileId)
      this.#positions.set(fileId, position)
    }
    this.#add(position, fileId, model, needed)
  }

  payload(model: string, sha256: string, needed = true): void {
    this.#add(payloadPosition(sha256), sha256, model, needed)
  }

  #add(position: string, id: string, model: string, needed: boolean): void {
    const line = this.#lines.get(position)
    if (line === undefined) {
      this.#lines.set(position, { id, models: new Set([model]), needed })
      return
    }
    line.models.add(model)
    line.needed ||= needed
  }

  /** Writes the list: a table of where each cell begins (32-bit offsets), then the lines in order of position. */
  async write(objects: ObjectStore, bucket: string, key: string): Promise<BlobReferenceList> {
    const positions = [...this.#lines.keys()].sort()
    const header = Buffer.alloc(HEADER_BYTES)
    const lines: Buffer[] = []
    let offset = 0
    let cell = 0
    for (const position of positions) {
      const line = this.#lines.get(position)
      if (line === undefined) continue
      while (cell <= cellOf(position)) header.writeUInt32LE(offset, 4 * cell++)
      const text = Buffer.from(`${JSON.stringify([position, line.id, [...line.models], line.needed])}\n`)
      lines.push(text)
      offset += text.length
    }
    while (cell <= CELLS) header.writeUInt32LE(offset, 4 * cell++)
    const payloads = positions.filter((position) => position.startsWith('0')).length
    const object = await objects.put(bucket, key, Buffer.concat([header, ...lines]))
    return { object, payloads, blobs: positions.length - payloads }
  }
}

/** A run of cells, `to` exclusive. */
export interface CellRange {
  readonly from: number
  readonly to: number
}

/** Cuts the cells of both kinds into runs of about `perRange` entries each; hashes spread evenly, so no list is read for it. */
export const planCells = (lists: readonly BlobReferenceList[], perRange: number): CellRange[] => {
  const sum = (kind: 'payloads' | 'blobs'): number => lists.reduce((total, list) => total + list[kind], 0)
  const cut = (first: number, entries: number): CellRange[] => {
    const ranges = Math.min(Math.ceil(entries / perRange), CELLS / 2)
    const border = (k: number): number => first + Math.floor((k * (CELLS / 2)) / ranges)
    return Array.from({ length: ranges }, (_, k) => ({ from: border(k), to: border(k + 1) }))
  }
  return [...cut(0, sum('payloads')), ...cut(FIRST_BLOB_CELL, sum('blobs'))]
}

/** Merges one range of cells out of all lists: each entry once, in order. Memory: the entries of the range. */
export const readBlobReferences = async (
  objects: ObjectStore,
  lists: readonly BlobReferenceList[],
  range: CellRange,
): Promise<BlobReference[]> => {
  const merged = new Map<string, Line>()
  await pMap(
    lists,
    async ({ object }) => {
      const borders = await objects.readBytes(object, 4 * range.from, 4 * (range.to - range.from) + 4)
      const start = borders.readUInt32LE(0)
      const end = borders.readUInt32LE(borders.length - 4)
      if (end === start) return
      const body = await objects.readBytes(object, HEADER_BYTES + start, end - start)
      for (const text of body.toString().trimEnd().split('\n')) {
        const [position, id, models, needed] = JSON.parse(text) as [string, string, string[], boolean]
        const line = merged.get(position)
        if (line === undefined) merged.set(position, { id, models: new Set(models), needed })
        else {
          for (const model of models) line.models.add(model)
          line.needed ||= needed
        }
      }
    },
    // Enough to hide the latency of small reads.
    { concurrency: 16 },
  )
  return [...merged]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([position, { id, models, needed }]) => ({ position, id, models: [...models], needed }))
}
