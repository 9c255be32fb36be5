import { z } from 'zod'
import { blobName } from '../blobs/blob-name.ts'

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)
export const placeHex = z.string().regex(/^[0-9a-f]{16}$/)
export const byteCount = z.int().nonnegative()
export const modelName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/)

/** A text with half a surrogate has no bytes: two such ids would share one name. */
const wellFormed = z.string().refine((text) => text.isWellFormed(), 'is no whole Unicode text')

const common = { path: z.string().min(1), offset: byteCount, size: byteCount, sha256: sha256Hex }

const RecordsLine = z.object({
  ...common,
  kind: z.literal('records'),
  unpacked_size: byteCount,
  model: modelName,
  resources: byteCount,
  revisions: byteCount,
  first_h: placeHex,
  last_h: placeHex,
})
const PayloadLine = z.object({ ...common, kind: z.literal('payload') })
const BlobLine = z.object({
  ...common,
  kind: z.literal('blob'),
  file_id: wellFormed.min(1),
  content_type: wellFormed.optional(),
})

/** One line of an index, as it is parsed: keys that are not known are passed over. */
export const IndexLineSchema = z.discriminatedUnion('kind', [RecordsLine, PayloadLine, BlobLine])

interface StoredEntry {
  readonly path: string
  /** Of the content, from the start of the segment. */
  readonly offset: number
  /** Of the stored content, as is `sha256`. */
  readonly size: number
  readonly sha256: string
}

/** A chunk of one model's records: lines, packed. */
export interface RecordsEntry extends StoredEntry {
  readonly kind: 'records'
  readonly unpacked_size: number
  readonly model: string
  /** Metadata lines and revision lines. */
  readonly resources: number
  readonly revisions: number
  /** Places of the first and the last line. */
  readonly first_h: string
  readonly last_h: string
}

export interface PayloadEntry extends StoredEntry {
  readonly kind: 'payload'
}

export interface BlobEntry extends StoredEntry {
  readonly kind: 'blob'
  readonly file_id: string
  readonly content_type?: string | undefined
}

/**
 * What an index says of one entry. All members of all kinds are readable without looking at `kind` first: those that a kind
 * lacks are undefined.
 */
export type IndexLine = (RecordsEntry | PayloadEntry | BlobEntry) & {
  readonly unpacked_size?: number
  readonly model?: string
  readonly resources?: number
  readonly revisions?: number
  readonly first_h?: string
  readonly last_h?: string
  readonly file_id?: string
  readonly content_type?: string | undefined
}

type WithoutOffset<T> = T extends unknown ? Omit<T, 'offset'> : never
/** An entry before it is laid down. */
export type NewEntry = WithoutOffset<RecordsEntry | PayloadEntry | BlobEntry>

/** What is wrong with an entry's path, given what the entry says of itself; undefined where it is right. */
export const pathFault = (line: IndexLine): string | undefined => {
  const { path } = line
  switch (line.kind) {
    case 'payload':
      return path === `payloads/${line.sha256}` ? undefined : 'its path is not that of its SHA-256'
    case 'blob':
      return path === `blobs/${blobName(line.file_id)}` ? undefined : 'its path is not that of its file id'
    case 'records': {
      const folder = `models/${line.model}/`
      const good = path.startsWith(folder) && CHUNK_NAME.test(path.slice(folder.length))
      return good ? undefined : 'its path is not in the folder of its model'
    }
  }
}

/** A chunk's name inside its model's folder. Readers go by the index, so any plain name of the three packings will do. */
const CHUNK_NAME = /^[A-Za-z0-9_-]{1,80}\.jsonl(?:\.zst|\.gz)?$/
