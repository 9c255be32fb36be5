import { BlobMismatchError, BlobsMissingError } from '../blobs/errors.ts'
import type { PayloadStore } from '../blobs/payload-store.ts'
import { payloadOf, RevisionView } from '../resources/views.ts'
import type { Item } from '../tables/item.ts'

/** Why the payload of a revision cannot be read. */
export class UnreadablePayload {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

/**
 * Returns the payload of a revision. If a spilled payload is missing or damaged, a strict export throws the error, and
 * any other export returns `UnreadablePayload`. In the latter case, a damaged payload is read again first, because the
 * damage may have happened during the transfer.
 */
export const readPayload = async (
  payloads: PayloadStore,
  revision: Item,
  strict: boolean,
  isSecondRead = false,
): Promise<string | Uint8Array | UnreadablePayload | undefined> => {
  try {
    return await payloadOf(new RevisionView(revision), (sha256) => payloads.get(sha256))
  } catch (error) {
    if (strict) throw error
    if (error instanceof BlobsMissingError) return new UnreadablePayload('the spilled payload is missing')
    if (!(error instanceof BlobMismatchError)) throw error
    return isSecondRead
      ? new UnreadablePayload('the bytes of the spilled payload do not match its SHA-256')
      : readPayload(payloads, revision, strict, true)
  }
}
