import { hash } from 'node:crypto'
import * as z from 'zod'
import { blobName } from '../blobs/blob-name.ts'
import { type BlobProperties, explainOversize, PROPERTY_MEMBERS } from '../blobs/blob-properties.ts'
import { ownSha256 } from '../blobs/stored-properties.ts'
import { ArchiveInvalidError } from './errors.ts'

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)
export const idHashHex = z.string().regex(/^[0-9a-f]{16}$/)
export const byteCount = z.int().nonnegative()
export const modelName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/)

/**
 * A string without lone surrogates. Lone surrogates cannot be encoded as UTF-8, so two ids that differ only in lone
 * surrogates would have the same path.
 */
const wellFormed = z.string().refine((text) => text.isWellFormed(), 'must be valid Unicode')

const common = { path: z.string().min(1), offset: byteCount, size: byteCount, sha256: sha256Hex }

const RecordsLine = z.object({
  ...common,
  kind: z.literal('records'),
  unpacked_size: byteCount,
  model: modelName,
  resources: byteCount,
  revisions: byteCount,
  first_h: idHashHex,
  last_h: idHashHex,
})
const PayloadLine = z.object({ ...common, kind: z.literal('payload') })
const BlobLine = z
  .object({
    ...common,
    kind: z.literal('blob'),
    file_id: wellFormed.min(1),
    content_type: wellFormed.optional(),
    ...PROPERTY_MEMBERS,
  })
  .superRefine((line, context) => {
    const fault = explainProperties(line)
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
  })

/**
 * Returns the reason why a restore could not write a blob with these properties. Returns undefined if the properties
 * are valid.
 */
const explainProperties = (line: BlobProperties & { readonly size: number }): string | undefined => {
  const { headers, user_metadata = {}, size } = line
  if (headers === undefined && line.user_metadata !== undefined) return 'user_metadata requires headers'
  if (ownSha256(user_metadata, size) !== undefined)
    return 'user_metadata must not contain the sha256 and size that this program adds to the blob'
  return explainOversize(line)
}

/** One line of an index. Unknown keys are ignored. */
export const IndexLineSchema = z.discriminatedUnion('kind', [RecordsLine, PayloadLine, BlobLine])

interface StoredEntry {
  readonly path: string
  /** The offset of the content from the start of the segment, in bytes. */
  readonly offset: number
  /** The size of the stored (compressed) content, in bytes. `sha256` is the checksum of the stored content. */
  readonly size: number
  readonly sha256: string
}

/** A chunk, which contains compressed record lines of one model. */
export interface RecordsEntry extends StoredEntry {
  readonly kind: 'records'
  readonly unpacked_size: number
  readonly model: string
  /** Number of metadata lines. */
  readonly resources: number
  /** Number of revision lines. */
  readonly revisions: number
  /** Id hash of the first line. */
  readonly first_h: string
  /** Id hash of the last line. */
  readonly last_h: string
}

interface PayloadEntry extends StoredEntry {
  readonly kind: 'payload'
}

interface BlobEntry extends StoredEntry, BlobProperties {
  readonly kind: 'blob'
  readonly file_id: string
}

/**
 * The index line of one entry. The optional members of the line can be read without checking `kind`. If lines of this
 * kind do not have the member, its value is undefined.
 */
export type IndexLine = (RecordsEntry | PayloadEntry | BlobEntry) & {
  readonly unpacked_size?: number
  readonly model?: string
  readonly resources?: number
  readonly revisions?: number
  readonly first_h?: string
  readonly last_h?: string
  readonly file_id?: string
} & BlobProperties

type WithoutOffset<T> = T extends unknown ? Omit<T, 'offset'> : never
/** An entry that has not been written and therefore has no offset. */
export type NewEntry = WithoutOffset<RecordsEntry | PayloadEntry | BlobEntry>

/**
 * Checks that the path of an entry matches its model, checksum or file id. If the path is wrong, returns the reason.
 * Otherwise returns undefined.
 */
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
 * Matches the file name of a chunk. Apart from its form, the name is not checked, because the index lists the path of
 * every chunk.
 */
const CHUNK_NAME = /^[A-Za-z0-9_-]{1,80}\.jsonl(?:\.zst|\.gz)?$/

/**
 * Returns the sort key of a payload or blob entry. Payloads come first and are sorted by their SHA-256. Blobs follow
 * and are sorted by the SHA-256 of their file ids. Throws `ArchiveInvalidError` for a chunk of records.
 */
export const entrySortKey = (line: IndexLine): string => {
  switch (line.kind) {
    case 'payload':
      return payloadPosition(line.sha256)
    case 'blob':
      return `1${hash('sha256', line.file_id)}`
    case 'records':
      throw new ArchiveInvalidError(`entry ${line.path} is a chunk of records in a segment of payloads and blobs`)
  }
}

/** Returns the sort key of the payload with this SHA-256. */
export const payloadPosition = (sha256: string): string => `0${sha256}`
