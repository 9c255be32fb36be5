import { blobRefs, decodePayload } from './payload.ts'
import type { Item } from '../tables/item.ts'
import type { BlobReferenceSet } from '../blobs/blob-references.ts'

/**
 * Notes what a revision's payload refers to: its blobs, and the payload itself where it is spilled. `spilled` reads a
 * spilled payload's bytes by SHA-256.
 */
export const collectBlobReferences = async (
  seen: BlobReferenceSet,
  model: string,
  revision: Item,
  spilled: (sha256: string) => Promise<Uint8Array>,
  needed = true,
): Promise<void> => {
  const inline = revision['data']?.S ?? revision['data']?.B
  if (inline !== undefined) {
    if (mayRefer(inline)) noteRefs(seen, model, inline, needed)
    return
  }
  const sha256 = revision['data_sha256']?.S
  if (revision['data_spilled']?.BOOL !== true || sha256 === undefined) return
  seen.payload(model, sha256, needed)
  const payload = await spilled(sha256)
  if (mayRefer(payload)) noteRefs(seen, model, payload, needed)
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
