import type { BlobReferenceSet } from '../blobs/blob-references.ts'
import { decodePayload } from './payload.ts'
import { blobRefs } from './payload-references.ts'
import type { RevisionView } from './views.ts'

/** The objects in the blob bucket to which one revision refers. */
export interface PayloadReferences {
  /** SHA-256 of the payload itself if it is spilled. */
  readonly spilledSha256: string | undefined
  /** The file ids in the payload. */
  readonly fileIds: readonly string[]
}

/** Returns what a revision with this payload refers to. Undefined if the payload is neither JSON nor MessagePack. */
export const referencesIn = (
  { spilledSha256 }: RevisionView,
  payload: string | Uint8Array,
): PayloadReferences | undefined => {
  if (!mayContainReference(payload)) return isReadable(payload) ? { spilledSha256, fileIds: [] } : undefined
  const decoded = decodePayload(payload)
  return decoded === undefined ? undefined : { spilledSha256, fileIds: blobRefs(decoded).map(({ file_id }) => file_id) }
}

/** Adds the references of a revision to a set. `needed` and the id of the resource are stored with them. */
export const addReferences = (
  set: BlobReferenceSet,
  model: string,
  { spilledSha256, fileIds }: PayloadReferences,
  needed = true,
  resourceId?: string,
): void => {
  if (spilledSha256 !== undefined) set.addPayload(model, spilledSha256, needed)
  for (const fileId of fileIds) set.addBlob(model, fileId, needed, resourceId)
}

/**
 * Most payloads refer to no blob and need not be decoded exactly. A payload with a reference contains the key
 * `file_id`, unless JSON escapes write it differently.
 */
const mayContainReference = (payload: string | Uint8Array): boolean => {
  const data =
    typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return data.includes('file_id') || data.includes('\\u')
}

/** Whether `decodePayload` can decode the payload. JSON is parsed without keeping exact numbers, which is faster. */
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
