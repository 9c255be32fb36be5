import { BlobMismatchError, BlobsMissingError } from '../../blobs/errors.ts'
import type { Item } from '../../tables/item.ts'
import type { Services } from '../../runtime/services.ts'

/** The payload of a resource's current revision, as text or bytes. Of several schema versions the metadata's own counts. */
export const currentPayload = async (
  { payloads }: Services,
  metadata: Item,
  revisions: readonly Item[],
): Promise<string | Uint8Array | undefined> => {
  const id = metadata['current_revision_id']?.S
  const candidates = revisions.filter((item) => item['revision_id']?.S === id)
  const schema = metadata['schema_version']?.S
  const current = candidates.find((item) => item['schema_version']?.S === schema) ?? candidates.at(-1)
  const sha256 = current?.['data_sha256']?.S
  if (current?.['data_spilled']?.BOOL === true && sha256 !== undefined) {
    return readable(payloads.get(sha256))
  }
  return current?.['data']?.S ?? current?.['data']?.B
}

/** A payload that is gone or damaged is found by the check of content: here it has nothing to say. */
const readable = async (payload: Promise<Buffer>): Promise<Buffer | undefined> => {
  try {
    return await payload
  } catch (error) {
    if (error instanceof BlobsMissingError || error instanceof BlobMismatchError) return undefined
    throw error
  }
}
