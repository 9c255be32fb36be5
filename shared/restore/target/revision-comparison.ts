import { hash } from 'node:crypto'
import { canonicalJson } from '../../archive/canonical-json.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import { RevisionView } from '../../resources/views.ts'
import type { Item } from '../../tables/item.ts'

/**
 * Returns true if a stored revision has the content of an archived revision. All attributes must be equal, except those
 * that a restore derives, and the stored payload must have the SHA-256 of the archived payload.
 */
export const hasSameContent = async (
  services: { readonly payloads: PayloadStore },
  stored: Item,
  archived: Item,
): Promise<boolean> => {
  if (canonicalJson(stored) !== canonicalJson(archived)) return false
  const revision = new RevisionView(stored)
  return (await payloadSha256(services, revision)) === revision.dataSha256
}

/** Returns the SHA-256 of the stored payload of a revision, in hex, or undefined if the payload is missing. */
export const payloadSha256 = async (
  { payloads }: { readonly payloads: PayloadStore },
  { inlinePayload, spilledSha256 }: RevisionView,
): Promise<string | undefined> => {
  if (inlinePayload !== undefined) return hash('sha256', inlinePayload)
  return spilledSha256 === undefined ? undefined : (await payloads.sha256Of(spilledSha256))?.sha256
}
