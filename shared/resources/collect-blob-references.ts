import type { Item } from '../tables/item.ts'
import type { BlobReferenceSet } from '../blobs/blob-references.ts'
import { decodePayload } from './payload.ts'
import { blobRefs } from './payload-references.ts'
import { payloadOf, type ReadSpilled, RevisionView } from './views.ts'

/**
 * Adds to a set what a revision refers to: the blobs in its payload and, if it is spilled, the payload itself. `needed`
 * is stored with the references. Throws what `readSpilled` throws.
 */
export const collectBlobReferences = async (
  references: BlobReferenceSet,
  model: string,
  revision: Item,
  readSpilled: ReadSpilled,
  needed = true,
): Promise<void> => {
  const view = new RevisionView(revision)
  if (view.spilledSha256 !== undefined) references.addPayload(model, view.spilledSha256, needed)
  const payload = await payloadOf(view, readSpilled)
  if (payload === undefined || !mayContainReference(payload)) return
  for (const { file_id } of blobRefs(decodePayload(payload))) references.addBlob(model, file_id, needed)
}

/**
 * Most payloads refer to no blob and need not be decoded. A payload with a reference contains the key `file_id`, unless
 * JSON escapes write it differently.
 */
const mayContainReference = (payload: string | Uint8Array): boolean => {
  const data =
    typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return data.includes('file_id') || data.includes('\\u')
}
