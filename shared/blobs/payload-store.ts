import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { ObjectRange, PinnedObject } from '../objects/object.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { WriteOptions } from '../objects/aws/stored-object.ts'
import { BlobMismatchError, BlobsMissingError } from './errors.ts'
import { copyRange, pinnedOf, putVerified, type VerifiedObject, verifyObject } from './verified-object.ts'

/** A spilled payload in the blob bucket. Unlike a blob, it has no content type. */
export interface StoredPayload {
  readonly sha256: string
  readonly object: PinnedObject
  readonly content_type?: undefined
}

/** Spilled payloads: `payloads/{sha256}` in the blob bucket. Rules: `shared/resources/STORE.md`. */
export class PayloadStore {
  readonly #objects: ObjectStore
  readonly #bucket: string

  constructor(objects: ObjectStore, bucket: string) {
    this.#objects = objects
    this.#bucket = bucket
  }

  /** A payload without its bytes. Undefined if it does not exist. */
  async head(sha256: string): Promise<StoredPayload | undefined> {
    const stored = await this.#objects.head(this.#bucket, keyOf(sha256))
    return stored === undefined ? undefined : { sha256, object: pinnedOf(stored) }
  }

  /**
   * A payload with its body, which is not verified and must be read to its end or destroyed. Undefined if it does not
   * exist.
   */
  async open(sha256: string): Promise<(StoredPayload & { readonly body: Readable }) | undefined> {
    const stored = await this.#objects.open(this.#bucket, keyOf(sha256))
    return stored === undefined ? undefined : { sha256, object: pinnedOf(stored), body: stored.body }
  }

  /** The verified bytes of a payload. Throws `BlobsMissingError` and `BlobMismatchError`. */
  async get(sha256: string): Promise<Buffer> {
    const bytes = await this.#objects.getBytes(this.#bucket, keyOf(sha256))
    if (bytes === undefined) throw new BlobsMissingError([keyOf(sha256)])
    const actual = createHash('sha256').update(bytes).digest('hex')
    if (actual !== sha256) throw new BlobMismatchError(keyOf(sha256), `sha256 ${sha256}`, `sha256 ${actual}`)
    return bytes
  }

  /** Writes a payload. Throws `BlobMismatchError`, and writes nothing, if the bytes have another SHA-256. */
  async put(sha256: string, bytes: Buffer): Promise<PinnedObject> {
    const expected = { size: bytes.length, sha256 }
    return putVerified(this.#objects, this.#bucket, keyOf(sha256), bytes, expected, fieldsOf(sha256, bytes.length))
  }

  /**
   * Writes a payload; S3 copies the bytes from a range of another object. The caller has verified the range. Throws
   * `ObjectChangedError` if that object has changed.
   */
  async copyIn(sha256: string, range: ObjectRange): Promise<PinnedObject> {
    return copyRange(this.#objects, this.#bucket, keyOf(sha256), range, fieldsOf(sha256, range.length))
  }

  /** Verified SHA-256 and size of the stored bytes: by S3's own checksum or, without one, by reading them. */
  async sha256Of(sha256: string): Promise<VerifiedObject | undefined> {
    return verifyObject(this.#objects, this.#bucket, keyOf(sha256))
  }
}

const keyOf = (sha256: string): string => `payloads/${sha256}`

const fieldsOf = (sha256: string, size: number): WriteOptions => ({
  contentType: 'application/octet-stream',
  metadata: { sha256, size: size.toString() },
})
