import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { type BlobReference, isPayloadPosition } from '../blobs/blob-references.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { PayloadStore } from '../blobs/payload-store.ts'
import type { PinnedObject } from '../objects/object.ts'

/**
 * From this size on, S3 copies a blob's bytes into the segment itself (`BIG` of the composing algorithm in FORMAT.md).
 */
export const COPIED_FROM = 16 * 1024 * 1024

/** A blob or spilled payload, ready to be written to an archive. */
export interface StoredContent {
  readonly object: PinnedObject
  readonly sha256: string
  readonly content_type?: string
  /** Absent from `COPIED_FROM` bytes on. */
  readonly bytes?: Buffer
}

export interface ContentStores {
  readonly blobs: BlobStore
  readonly payloads: PayloadStore
}

/**
 * Opens the content that a reference names and proves its SHA-256: small content by reading it, large content by the
 * checksum that S3 keeps or by reading it once. Returns `undefined` if it does not exist, or if its bytes differ from
 * its recorded SHA-256 in two reads (a single difference may come from the transfer).
 */
export const openContent = async (
  stores: ContentStores,
  reference: Pick<BlobReference, 'position' | 'id'>,
  isSecondRead = false,
): Promise<StoredContent | undefined> => {
  const { blobs, payloads } = stores
  const isPayload = isPayloadPosition(reference.position)
  const stored = isPayload ? await payloads.open(reference.id) : await blobs.open(reference.id)
  if (stored === undefined) return undefined
  const { object, body } = stored
  const type = stored.content_type === undefined ? {} : { content_type: stored.content_type }
  const recorded = isPayload ? reference.id : stored.sha256
  if (object.size < COPIED_FROM) {
    const bytes = await buffer(body)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    if (recorded === undefined || recorded === sha256) return { object, sha256, bytes, ...type }
    return isSecondRead ? undefined : openContent(stores, reference, true)
  }
  body.destroy()
  const proved = isPayload ? await payloads.sha256Of(reference.id) : await blobs.sha256Of(reference.id)
  if (proved === undefined || (recorded !== undefined && recorded !== proved.sha256)) return undefined
  // The copy is pinned to this state of the object, so the proof must be of the same state.
  if (proved.object.etag !== object.etag) return openContent(stores, reference)
  return { object, sha256: proved.sha256, ...type }
}
