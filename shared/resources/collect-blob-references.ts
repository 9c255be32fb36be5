import { blobRefs, decodePayload } from './payload.ts'
import type { Item } from '../tables/item.ts'
import { payloadOf, type ReadSpilled, RevisionView } from './views.ts'
import type { BlobReferenceSet } from '../blobs/blob-references.ts'

/**
 * Notes what a revision's payload refers to: its blobs, and the payload itself where it is spilled. `readSpilled`
 * reads a spilled payload.
 */
export const collectBlobReferences = async (
  seen: BlobReferenceSet,
  model: string,
  revision: Item,
  readSpilled: ReadSpilled,
  needed = true,
): Promise<void> => {
  const view = new RevisionView(revision)
  if (view.spilledSha256 !== undefined) seen.payload(model, view.spilledSha256, needed)
  const payload = await payloadOf(view, readSpilled)
  if (payload !== undefined && mayRefer(payload)) noteRefs(seen, model, payload, needed)
}

const noteRefs = (seen: BlobReferenceSet, model: string, payload: string | Uint8Array, needed: boolean): void => {
  for (const { file_id } of blobRefs(decodePayload(payload))) seen.blob(model, file_id, needed)
}

/** Most payloads name no blob: the key must stand in the bytes (in JSON perhaps escaped) before they are decoded. */
const mayRefer = (payload: string | Uint8Array): boolean =>
  typeof payload === 'string'
    ? payload.includes('file_id') || payload.includes('\\u')
    : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).includes('file_id') ||
      Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).includes('\\u')
