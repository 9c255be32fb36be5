import { createHash } from 'node:crypto'
import { type BlobProperties, propertiesOf } from '../blobs/blob-properties.ts'
import { type BlobReference, isPayloadPosition } from '../blobs/blob-references.ts'
import type { BlobStore, StoredBlob } from '../blobs/blob-store.ts'
import type { PayloadStore } from '../blobs/payload-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { bytesOf } from '../values/bytes-of.ts'

/**
 * The smallest size, in bytes, of content that S3 copies into the segment. This is `BIG` of the composing algorithm in
 * FORMAT.md.
 */
export const MIN_COPIED_BYTES = 16 * 1024 * 1024

/** A blob or spilled payload that cannot be written to an archive. */
export class UnreadableContent {
  /**
   * If the content exists, the reason why it cannot be written, and what to do. Undefined if the content does not
   * exist.
   */
  readonly reason: string | undefined

  constructor(reason?: string) {
    this.reason = reason
  }
}

/** A blob or spilled payload, ready to be written to an archive. */
export interface StoredContent extends BlobProperties {
  readonly object: PinnedObject
  readonly sha256: string
  /** Absent if the content has `MIN_COPIED_BYTES` bytes or more. */
  readonly bytes?: Buffer
}

/**
 * A large blob whose SHA-256 is unknown, because one pass may be unable to read its bytes. `recorded` is the SHA-256 in
 * the user metadata, and `verified` is the SHA-256 that S3 has verified. They are absent if the object does not have
 * them.
 */
export class LargeContent {
  readonly object: PinnedObject
  readonly properties: BlobProperties
  readonly recorded: string | undefined
  readonly verified: string | undefined

  constructor({ object, sha256, checksum_sha256, ...properties }: StoredBlob) {
    this.object = object
    this.properties = propertiesOf(properties)
    this.recorded = sha256
    this.verified = checksum_sha256
  }
}

export interface ContentServices {
  readonly blobs: BlobStore
  readonly payloads: PayloadStore
}

/**
 * Opens the content to which a reference refers, and verifies its SHA-256. Small content is read. For large content,
 * the checksum that S3 stores is used. If S3 stores no checksum, the content is read once. Returns `UnreadableContent`
 * if the content does not exist, if its SHA-256 differs from the recorded SHA-256, or if an archive cannot contain the
 * properties (headers and user metadata) of the blob's S3 object. Small content with a wrong SHA-256 is read a second
 * time before it counts as unreadable, because its bytes may have been changed by the transfer.
 *
 * A blob of at least `largeBlobBytes` is not read. The caller must verify the `LargeContent` that is returned.
 */
export const openContent = async (
  services: ContentServices,
  reference: Pick<BlobReference, 'position' | 'id'>,
  largeBlobBytes: number,
  isSecondRead = false,
): Promise<StoredContent | LargeContent | UnreadableContent> => {
  const { blobs, payloads } = services
  const isPayload = isPayloadPosition(reference.position)
  const stored = isPayload ? await payloads.open(reference.id) : await blobs.open(reference.id)
  if (stored === undefined) return new UnreadableContent()
  const { object, body } = stored
  const blob = 'file_id' in stored ? stored : undefined
  const properties = blob === undefined ? {} : propertiesOf(blob)
  // A checksum that S3 has verified takes precedence over the SHA-256 in the user metadata, which may be wrong.
  const recorded = blob?.checksum_sha256 ?? stored.sha256
  if (blob?.fault !== undefined) {
    body.destroy()
    return new UnreadableContent(`${blob.fault}. Correct the headers of the object`)
  }
  if (blob !== undefined && object.size >= largeBlobBytes) {
    body.destroy()
    return new LargeContent(blob)
  }
  if (object.size < MIN_COPIED_BYTES) {
    const bytes = await bytesOf(body, object.size)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const isWhole = bytes.length === object.size
    if (isWhole && (recorded === undefined || recorded === sha256)) return { object, sha256, bytes, ...properties }
    return isSecondRead ? damagedContent() : openContent(services, reference, largeBlobBytes, true)
  }
  body.destroy()
  const verified = isPayload ? await payloads.sha256Of(reference.id) : await blobs.sha256Of(reference.id)
  if (verified === undefined) return new UnreadableContent()
  if (recorded !== undefined && recorded !== verified.sha256) return damagedContent()
  // S3 copies the version of the object with `object.etag`. If another version was verified, the content is opened
  // again.
  if (verified.object.etag !== object.etag) return openContent(services, reference, largeBlobBytes)
  return { object, sha256: verified.sha256, ...properties }
}

/** Returns the reason why content with a wrong SHA-256 is not written. */
export const damagedContent = (): UnreadableContent =>
  new UnreadableContent('the bytes do not match the recorded SHA-256. Write the object again')
