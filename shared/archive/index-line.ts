import { hash } from 'node:crypto'
import { z } from 'zod'
import { blobName } from '../blobs/blob-name.ts'
import { ArchiveInvalidError } from './errors.ts'

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)
export const hashKeyHex = z.string().regex(/^[0-9a-f]{16}$/)
export const byteCount = z.int().nonnegative()
export const modelName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/)

/** Half of a surrogate pair has no UTF-8 bytes: two ids that differ only in such halves would have the same path. */
const wellFormed = z.string().refine((text) => text.isWellFormed(), 'must be valid Unicode')

const common = { path: z.string().min(1), offset: byteCount, size: byteCount, sha256: sha256Hex }

const RecordsLine = z.object({
  ...common,
  kind: z.literal('records'),
  unpacked_size: byteCount,
  model: modelName,
  resources: byteCount,
  revisions: byteCount,
  first_h: hashKeyHex,
  last_h: hashKeyHex,
})
const PayloadLine = z.object({ ...common, kind: z.literal('payload') })
const BlobLine = z.object({
  ...common,
  kind: z.literal('blob'),
  file_id: wellFormed.min(1),
  content_type: wellFormed.optional(),
})

/** One line of an index. Unknown keys are ignored. */
export const IndexLineSchema = z.discriminatedUnion('kind', [RecordsLine, PayloadLine, BlobLine])

interface StoredEntry {
  readonly path: string
  /** Offset of the content from the start of the segment. */
  readonly offset: number
  /** Size and checksum of the content as stored, compressed or not. */
  readonly size: number
  readonly sha256: string
}

/** A chunk: compressed record lines of one model. */
export interface RecordsEntry extends StoredEntry {
  readonly kind: 'records'
  readonly unpacked_size: number
  readonly model: string
  /** Number of metadata lines. */
  readonly resources: number
  /** Number of revision lines. */
  readonly revisions: number
  /** Hash key of the first line. */
  readonly first_h: string
  /** Hash key of the last line. */
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
 * The index line of one entry. The members of every kind can be read before `kind` is checked: they are undefined if
 * the kind does not have them.
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
/** An entry that has no offset yet, because it has not been written. */
export type NewEntry = WithoutOffset<RecordsEntry | PayloadEntry | BlobEntry>

/** Explains why an entry's path is wrong for its model, checksum or file id. Returns undefined if the path is right. */
export const explainWrongPath = (line: IndexLine): string | undefined => {
  const { path } = line
  switch (line.kind) {
    case 'payload': {
      const expected = `payloads/${line.sha256}`
      return path === expected ? undefined : `the path of this payload must be ${expected}`
    }
    case 'blob': {
      const expected = `blobs/${blobName(line.file_id)}`
      return path === expected ? undefined : `the path of this blob must be ${expected}`
    }
    case 'records': {
      const folder = `models/${line.model}/`
      const isRight = path.startsWith(folder) && CHUNK_NAME.test(path.slice(folder.length))
      return isRight ? undefined : `the path of this chunk must be ${folder}<name>.jsonl, .jsonl.gz or .jsonl.zst`
    }
  }
}

/**
 * The name of a chunk in the folder of its model. The index lists every chunk, so the name need not follow a scheme.
 */
const CHUNK_NAME = /^[A-Za-z0-9_-]{1,80}\.jsonl(?:\.zst|\.gz)?$/

/**
 * Sort key of a payload or blob entry: payloads by their SHA-256, and after all payloads the blobs by the SHA-256 of
 * their file ids.
 */
export const entrySortKey = (line: IndexLine): string => {
  switch (line.kind) {
    case 'payload':
      return `0${line.sha256}`
    case 'blob':
      return `1${hash('sha256', line.file_id)}`
    case 'records':
      throw new ArchiveInvalidError(`entry ${line.path} is a chunk of records in a segment of payloads and blobs`)
  }
}
