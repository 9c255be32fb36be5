import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import type { BlobReference } from '../blobs/blob-references.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Services } from '../runtime/services.ts'

/** From this size on a blob's bytes are laid into the segment by the storage itself (`BIG` of the composing algorithm). */
export const COPIED_FROM = 16 * 1024 * 1024

/** A blob (or spilled payload) as it goes into an archive: small ones with their bytes, large ones by reference. */
export interface StoredBytes {
  readonly object: PinnedObject
  readonly sha256: string
  readonly content_type?: string
  /** Absent on what is copied on the server side. */
  readonly bytes?: Buffer
}

/**
 * Opens what a reference names and proves its SHA-256: of small ones by reading them, of large ones by S3's own checksum
 * or by reading them once. Undefined: it is not there, or it is damaged (its bytes are not those that were stored, twice:
 * once may be the transfer's fault).
 */
export const openStored = async (
  services: Pick<Services, 'blobs' | 'payloads'>,
  seen: Pick<BlobReference, 'position' | 'id'>,
  isSecond = false,
): Promise<StoredBytes | undefined> => {
  const isPayload = seen.position.startsWith('0')
  const stored = isPayload ? await services.payloads.open(seen.id) : await services.blobs.open(seen.id)
  if (stored === undefined) return undefined
  const { object, body } = stored
  const type = stored.content_type === undefined ? {} : { content_type: stored.content_type }
  const said = isPayload ? seen.id : stored.sha256
  if (object.size < COPIED_FROM) {
    const bytes = await buffer(body)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    if (said === undefined || said === sha256) return { object, sha256, bytes, ...type }
    return isSecond ? undefined : openStored(services, seen, true)
  }
  body.destroy()
  const proved = isPayload ? await services.payloads.sha256Of(seen.id) : await services.blobs.sha256Of(seen.id)
  if (proved === undefined || (said !== undefined && said !== proved.sha256)) return undefined
  // What was proved must be what is copied: the copy is pinned to this state of the object.
  if (proved.object.etag !== object.etag) return openStored(services, seen)
  return { object, sha256: proved.sha256, ...type }
}
