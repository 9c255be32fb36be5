import type { BlobReferenceSet } from '../blobs/blob-references.ts'
import { type BlobPaths, fileIdsAt } from './blob-paths.ts'
import type { Model } from './models.ts'
import { decodePayload } from './payload.ts'
import { blobRefs } from './payload-references.ts'
import type { RevisionView } from './views.ts'

/** The paths of references to blobs in the payloads of a model. */
export interface BlobFields {
  /** The paths that this deployment uses. */
  readonly paths: BlobPaths
  /**
   * The paths in the manifest of the archive that contains the payloads. Equal to `paths` if the payloads are not in an
   * archive.
   */
  readonly archived: BlobPaths
}

/** Neither the registry nor an archive contains paths, so references are recognized by their shape. */
const GUESSED_BLOB_FIELDS: BlobFields = { paths: undefined, archived: undefined }

/** Returns the paths of blobs in payloads of a model that are not in an archive. */
export const blobFieldsOf = ({ blobs }: Pick<Model, 'blobs'>): BlobFields => ({ paths: blobs, archived: blobs })

/**
 * Returns the paths of blobs in the archived payloads of a model. The paths of the registry take precedence over those
 * of the archive, and both take precedence over the shape.
 */
export const archivedBlobFields = ({ blobs }: Pick<Model, 'blobs'>, archived: BlobPaths): BlobFields => ({
  paths: blobs ?? archived,
  archived,
})

/** The objects in the blob bucket to which one revision refers. */
export interface PayloadReferences {
  /** SHA-256 of the payload itself if it is spilled. */
  readonly spilledSha256: string | undefined
  /** The file ids at the paths of this deployment. */
  readonly fileIds: readonly string[]
  /** The file ids at the paths of the archive. Absent if the archive and this deployment have the same paths. */
  readonly archivedFileIds?: readonly string[]
}

/**
 * Returns the objects to which a revision with this payload refers. Returns undefined if the payload is neither JSON
 * nor msgpack.
 */
export const referencesIn = (
  { spilledSha256 }: RevisionView,
  payload: string | Uint8Array,
  fields: BlobFields = GUESSED_BLOB_FIELDS,
): PayloadReferences | undefined => {
  const hasBlobs = fields.paths?.length !== 0 || fields.archived?.length !== 0
  if (!hasBlobs || !mayContainReference(payload))
    return isReadable(payload) ? { spilledSha256, fileIds: [] } : undefined
  const decoded = decodePayload(payload)
  if (decoded === undefined) return undefined
  const fileIds = fileIdsIn(decoded, fields.paths)
  if (isSame(fields.paths, fields.archived)) return { spilledSha256, fileIds }
  return { spilledSha256, fileIds, archivedFileIds: fileIdsIn(decoded, fields.archived) }
}

const fileIdsIn = (decoded: unknown, paths: BlobPaths): string[] =>
  paths === undefined ? blobRefs(decoded).map(({ file_id }) => file_id) : fileIdsAt(decoded, paths)

const isSame = (a: BlobPaths, b: BlobPaths): boolean => JSON.stringify(a) === JSON.stringify(b)

/**
 * Adds the references of a revision to a set. `needed` and the id of the resource are stored with them. A missing blob
 * is reported only if it is needed and the reference is at a path of this deployment.
 */
export const addReferences = (
  set: BlobReferenceSet,
  model: string,
  { spilledSha256, fileIds, archivedFileIds }: PayloadReferences,
  needed = true,
  resourceId?: string,
): void => {
  if (spilledSha256 !== undefined) set.addPayload(model, spilledSha256, needed)
  if (archivedFileIds === undefined) {
    for (const fileId of fileIds) set.addBlob(model, fileId, needed, resourceId)
    return
  }
  for (const fileId of archivedFileIds) set.addBlob(model, fileId, needed, resourceId, false)
  for (const fileId of fileIds) set.addUnarchivedBlob(model, fileId, needed, resourceId)
}

/**
 * Returns whether a payload may contain a reference to a blob. Most payloads contain none and need not be decoded
 * exactly. A payload with a reference contains the key `file_id`, which JSON may write with `\u` escapes.
 */
const mayContainReference = (payload: string | Uint8Array): boolean => {
  const data =
    typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return data.includes('file_id') || data.includes('\\u')
}

/**
 * Returns whether `decodePayload` can decode the payload. JSON is parsed without keeping exact numbers, which is
 * faster.
 */
const isReadable = (payload: string | Uint8Array): boolean => {
  if (typeof payload === 'string' && payload.charCodeAt(0) < 0x80) {
    try {
      JSON.parse(payload)
      return true
    } catch {
      // `decodePayload` accepts a small integer of msgpack, too.
    }
  }
  return decodePayload(payload) !== undefined
}
