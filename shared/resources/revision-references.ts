import type { BlobReferenceSet } from '../blobs/blob-references.ts'
import { type BlobPaths, fileIdsAt } from './blob-paths.ts'
import type { Model } from './models.ts'
import { decodePayload } from './payload.ts'
import { blobRefs } from './payload-references.ts'
import type { RevisionView } from './views.ts'

/** The paths of references to blobs in the payloads of a model. */
export interface BlobFields {
  /** The paths that this deployment uses. Undefined if references are recognized by their shape. */
  readonly paths: BlobPaths
  /**
   * The paths in the manifest of the archive from which the payloads come. Equal to `paths` if they do not come from an
   * archive.
   */
  readonly archived: BlobPaths
}

/** Used if neither the registry nor an archive contains paths. References are then recognized by their shape. */
const GUESSED_BLOB_FIELDS: BlobFields = { paths: undefined, archived: undefined }

/** Returns the paths of references in payloads that do not come from an archive. */
export const blobFieldsOf = ({ blobs }: Pick<Model, 'blobs'>): BlobFields => ({ paths: blobs, archived: blobs })

/**
 * Returns the paths of references in payloads that come from an archive. This deployment uses the paths in the
 * registry. If the registry has no paths, it uses those in the archive.
 */
export const archivedBlobFields = ({ blobs }: Pick<Model, 'blobs'>, archived: BlobPaths): BlobFields => ({
  paths: blobs ?? archived,
  archived,
})

/** The objects in the blob bucket to which one revision refers. */
export interface PayloadReferences {
  /** The SHA-256 of the payload itself. Undefined if the payload is not spilled. */
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
 * Adds the references of a revision to a set. `needed` and `resourceId` are stored with each reference. If a blob is
 * missing, it is reported only if `needed` is true and the reference is at a path that this deployment uses.
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
 * Returns false if a payload certainly contains no reference to a blob. This is a fast check, because most payloads
 * contain no reference. A payload with a reference contains the key `file_id`, which JSON may write with `\u` escapes.
 */
const mayContainReference = (payload: string | Uint8Array): boolean => {
  const data =
    typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return data.includes('file_id') || data.includes('\\u')
}

/**
 * Returns true if `decodePayload` can decode the payload. Parses JSON without exact numbers, because this is faster.
 */
const isReadable = (payload: string | Uint8Array): boolean => {
  if (typeof payload === 'string') {
    try {
      JSON.parse(payload)
      return true
    } catch {
      // The payload may still be a small integer in msgpack, which `decodePayload` accepts.
    }
  }
  return decodePayload(payload) !== undefined
}
