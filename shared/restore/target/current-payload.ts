import { BlobMismatchError, BlobsMissingError } from '../../blobs/errors.ts'
import type { Item } from '../../tables/item.ts'
import { currentRevision, MetadataView, payloadOf } from '../../resources/views.ts'
import type { Services } from '../../runtime/services.ts'

/** The payload of a resource's current revision, as text or bytes. */
export const currentPayload = async (
  { payloads }: Services,
  metadata: Item,
  revisions: readonly Item[],
): Promise<string | Uint8Array | undefined> => {
  const current = currentRevision(new MetadataView(metadata), revisions)
  return current === undefined ? undefined : readable(payloadOf(current, (sha256) => payloads.get(sha256)))
}

/** A payload that is gone or damaged is found by the check of content: here it has nothing to say. */
const readable = async <T>(payload: Promise<T>): Promise<T | undefined> => {
  try {
    return await payload
  } catch (error) {
    if (error instanceof BlobsMissingError || error instanceof BlobMismatchError) return undefined
    throw error
  }
}
