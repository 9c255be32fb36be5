import { BlobMismatchError, BlobsMissingError } from '../../blobs/errors.ts'
import type { PayloadStore } from '../../blobs/payload-store.ts'
import { currentRevision, MetadataView, payloadOf } from '../../resources/views.ts'
import type { Item } from '../../tables/item.ts'

/**
 * Returns the payload of the current revision of a resource. Returns undefined if the payload is missing or damaged,
 * because the check `content` reports such a payload.
 */
export const readCurrentPayload = async (
  { payloads }: { readonly payloads: PayloadStore },
  { metadata, revisions }: { readonly metadata: Item; readonly revisions: readonly Item[] },
): Promise<string | Uint8Array | undefined> => {
  const current = currentRevision(new MetadataView(metadata), revisions)
  if (current === undefined) return undefined
  try {
    return await payloadOf(current, (sha256) => payloads.get(sha256))
  } catch (error) {
    if (error instanceof BlobsMissingError || error instanceof BlobMismatchError) return undefined
    throw error
  }
}
