import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { ObjectRange, PinnedObject } from '../objects/object.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { WriteOptions } from '../objects/aws/stored-object.ts'
import { BlobMismatchError, BlobsMissingError } from './errors.ts'
import { copyRange, pinnedOf, putVerified, type VerifiedObject, verifyObject } from './verified-object.ts'

/** A spilled payload in the blob bucket, without its bytes. */
interface StoredPayload {
  readonly sha256: string
  readonly object: PinnedObject
}

/**
 * Reads and writes spilled payloads, which are too large for their DynamoDB items. A spilled payload is the object
 * `payloads/{sha256}` in the blob bucket. `shared/resources/STORE.md` describes these objects.
 */
export class PayloadStore {
  readonly #objects: ObjectStore
  readonly #bucket: string

  constructor(objects: ObjectStore, bucket: string) {
    this.#objects = objects
    this.#bucket = bucket
  }

  /** Returns a payload without its bytes, or undefined if the payload does not exist. */
  async head(sha256: string): Promise<StoredPayload | undefined> {
    const stored = await this.#objects.head(this.#bucket, keyOf(sha256))
    return stored === undefined ? undefined : { sha256, object: pinnedOf(stored) }
  }

  /**
   * Returns a payload with its bytes as a stream, or undefined if the payload does not exist. The bytes are not
   * verified. The caller must read the stream to its end or destroy it.
   */
  async open(sha256: string): Promise<(StoredPayload & { readonly body: Readable }) | undefined> {
    const stored = await this.#objects.open(this.#bucket, keyOf(sha256))
    return stored === undefined ? undefined : { sha256, object: pinnedOf(stored), body: stored.body }
  }

  /**
   * Returns the bytes of a payload. Throws `BlobsMissingError` if the payload does not exist, and `BlobMismatchError`
   * if the bytes do not have this SHA-256.
   */
  async get(sha256: string): Promise<Buffer> {
    const bytes = await this.#objects.getBytes(this.#bucket, keyOf(sha256))
    if (bytes === undefined) throw new BlobsMissingError([keyOf(sha256)])
    const actual = createHash('sha256').update(bytes).digest('hex')
    if (actual !== sha256) throw new BlobMismatchError(keyOf(sha256), `sha256 ${sha256}`, `sha256 ${actual}`)
    return bytes
  }

  /** Writes a payload. If the bytes do not have this SHA-256, throws `BlobMismatchError` and writes nothing. */
  async put(sha256: string, bytes: Buffer): Promise<PinnedObject> {
    const expected = { size: bytes.length, sha256 }
    return putVerified(this.#objects, this.#bucket, keyOf(sha256), bytes, expected, fieldsOf(sha256, bytes.length))
  }

  /**
   * Writes a payload whose bytes S3 copies from a range of another object. The bytes are not verified, so the caller
   * must have verified the range. Throws `ObjectChangedError` if the other object has changed.
   */
  async copyIn(sha256: string, range: ObjectRange): Promise<PinnedObject> {
    return copyRange(this.#objects, this.#bucket, keyOf(sha256), range, fieldsOf(sha256, range.length))
  }

  /**
   * Returns the SHA-256 and the size of the stored bytes, or undefined if the payload does not exist. If a checksum in
   * S3 proves the SHA-256, the bytes are not read. Throws `ObjectChangedError` if the payload is replaced during every
   * attempt to read it.
   */
  async sha256Of(sha256: string): Promise<VerifiedObject | undefined> {
    return verifyObject(this.#objects, this.#bucket, keyOf(sha256), sha256)
  }
}

const keyOf = (sha256: string): string => `payloads/${sha256}`

const fieldsOf = (sha256: string, size: number): WriteOptions => ({
  contentType: 'application/octet-stream',
  metadata: { sha256, size: size.toString() },
})
