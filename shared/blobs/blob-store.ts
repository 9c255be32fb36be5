import type { Readable } from 'node:stream'
import type { ObjectRange, PinnedObject } from '../objects/object.ts'
import { ObjectExistsError } from '../objects/errors.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { isHeadersTooLarge } from '../objects/aws/s3-errors.ts'
import type { StoredObject, WriteOptions } from '../objects/aws/stored-object.ts'
import { blobName } from './blob-name.ts'
import type { BlobProperties } from './blob-properties.ts'
import { BlobHeadersRejectedError } from './errors.ts'
import { hashInSteps, type HashPosition, type HashSteps } from './hash-in-steps.ts'
import { readProperties, type StoredProperties, writeProperties } from './stored-properties.ts'
import {
  copyRange,
  type Expected,
  pinnedOf,
  putVerified,
  putVerifiedIfAbsent,
  type VerifiedObject,
  verifyStored,
} from './verified-object.ts'

/**
 * A blob in the blob bucket, without its bytes. `sha256` may be wrong, because it has not been compared with the bytes.
 */
export interface StoredBlob extends StoredProperties {
  readonly file_id: string
  readonly object: PinnedObject
  /** The SHA-256 of the bytes, in hex. Absent if no checksum in S3 proves it. */
  readonly checksum_sha256?: string
}

/** The SHA-256 and the properties of a blob to write. */
export interface BlobContent extends BlobProperties {
  /** SHA-256 of the bytes in hex. */
  readonly sha256: string
}

/** A blob whose SHA-256 and size have been verified or computed from its bytes. */
interface VerifiedBlob extends VerifiedObject {
  readonly properties: StoredProperties
}

/**
 * A blob or spilled payload whose SHA-256 and size have been verified or computed from its bytes. A spilled payload has
 * no `properties`.
 */
export interface VerifiedContent extends VerifiedObject {
  readonly properties?: StoredProperties
}

/**
 * Reads and writes the blobs of all models. A blob is the object `blobs/{name}` in the blob bucket.
 * `shared/resources/STORE.md` describes these objects.
 */
export class BlobStore {
  readonly #objects: ObjectStore
  readonly #bucket: string

  constructor(objects: ObjectStore, bucket: string) {
    this.#objects = objects
    this.#bucket = bucket
  }

  /** Returns a blob without its bytes, or undefined if the blob does not exist. */
  async head(fileId: string): Promise<StoredBlob | undefined> {
    const stored = await this.#objects.head(this.#bucket, keyOf(fileId))
    return stored === undefined ? undefined : storedBlob(fileId, stored)
  }

  /**
   * Returns a blob with its bytes as a stream, or undefined if the blob does not exist. The caller must read the stream
   * to its end or destroy it.
   */
  async open(fileId: string): Promise<(StoredBlob & { readonly body: Readable }) | undefined> {
    const stored = await this.#objects.open(this.#bucket, keyOf(fileId))
    return stored === undefined ? undefined : { ...storedBlob(fileId, stored), body: stored.body }
  }

  /**
   * Writes a blob. If the blob exists, it is replaced. If the bytes do not have the size and the SHA-256 of `content`,
   * throws `BlobMismatchError` and writes nothing. If S3 rejects the headers or user metadata as too large, this method
   * throws `BlobHeadersRejectedError`, and so do the other methods that write blobs.
   */
  async put(fileId: string, body: Buffer | Readable, content: Expected & BlobContent): Promise<PinnedObject> {
    return this.#write(fileId, content, content.size, (key, options) =>
      putVerified(this.#objects, this.#bucket, key, body, content, options),
    )
  }

  /**
   * Writes a blob as `put` does, but only if the blob does not exist. Returns true if the blob was written. Returns
   * false if the blob exists. The bytes of the existing blob are not compared.
   */
  async putIfAbsent(fileId: string, body: Buffer, content: Expected & BlobContent): Promise<boolean> {
    return this.#write(fileId, content, content.size, (key, options) =>
      putVerifiedIfAbsent(this.#objects, this.#bucket, key, body, content, options),
    )
  }

  /**
   * Writes a blob whose bytes S3 copies from a range of another object. If the blob exists, it is replaced. The bytes
   * are not verified, so the caller must have verified the range. Throws `ObjectChangedError` if the other object has
   * changed.
   */
  async copyIn(fileId: string, range: ObjectRange, content: BlobContent): Promise<PinnedObject> {
    return this.#write(fileId, content, range.length, (key, options) =>
      copyRange(this.#objects, this.#bucket, key, range, options),
    )
  }

  /**
   * Writes a blob as `copyIn` does, but only if the blob does not exist. Returns true if the blob was written. Returns
   * false if the blob exists. The bytes of the existing blob are not compared.
   */
  async copyInIfAbsent(fileId: string, range: ObjectRange, content: BlobContent): Promise<boolean> {
    try {
      await this.#write(fileId, content, range.length, (key, options) =>
        copyRange(this.#objects, this.#bucket, key, range, { ...options, ifAbsent: true }),
      )
      return true
    } catch (error) {
      if (error instanceof ObjectExistsError) return false
      throw error
    }
  }

  /**
   * Returns the SHA-256 and the size of the stored bytes with the properties of the blob, or undefined if the blob does
   * not exist. If a checksum in S3 proves the SHA-256, the bytes are not read. `expected` is the SHA-256 that the blob
   * probably has; it helps to prove the SHA-256 of a copied blob. Throws `ObjectChangedError` if the blob is replaced
   * during every attempt to read it.
   */
  async sha256Of(fileId: string, expected?: string): Promise<VerifiedBlob | undefined> {
    const verified = await verifyStored(this.#objects, this.#bucket, keyOf(fileId), expected)
    if (verified === undefined) return undefined
    const { stored, ...object } = verified
    return { ...object, properties: readProperties(stored) }
  }

  /**
   * Returns the same as `sha256Of`, but reads the bytes of a large blob in steps. If the time is up before the end of
   * the blob, returns the position at which the next pass continues. If the blob has changed since `start`, its bytes
   * are read from the beginning. If S3 has computed the checksum `archived.parts_sha256` of the parts of the blob, its
   * bytes are those of the archived blob, and are not read.
   */
  async sha256InSteps(
    fileId: string,
    archived: { readonly sha256: string; readonly parts_sha256?: string },
    start: HashPosition | undefined,
    steps: HashSteps,
  ): Promise<{ readonly blob: VerifiedBlob | undefined } | { readonly position: HashPosition }> {
    const stored = await this.#objects.head(this.#bucket, keyOf(fileId))
    if (stored === undefined) return { blob: undefined }
    const object = pinnedOf(stored)
    const isArchived = archived.parts_sha256 !== undefined && archived.parts_sha256 === stored.partsSha256
    const sha256 = isArchived ? archived.sha256 : stored.checksumSha256
    const hashed = sha256 === undefined ? await hashInSteps(this.#objects, object, start, steps) : { sha256 }
    if ('position' in hashed) return hashed
    return { blob: { sha256: hashed.sha256, size: stored.size, object, properties: readProperties(stored) } }
  }

  /**
   * Calls `write` with the location and the headers of the object of a blob, so that `write` can create the object.
   * Throws `BlobHeadersRejectedError` if S3 rejects the headers or user metadata as too large.
   */
  async writeObject<T>(
    fileId: string,
    content: BlobContent,
    size: number,
    write: (target: { readonly bucket: string; readonly key: string; readonly options: WriteOptions }) => Promise<T>,
  ): Promise<T> {
    return this.#write(fileId, content, size, (key, options) => write({ bucket: this.#bucket, key, options }))
  }

  /** Deletes blobs. Ids of blobs that do not exist are ignored. */
  async delete(fileIds: readonly string[]): Promise<void> {
    await this.#objects.delete(this.#bucket, fileIds.map(keyOf))
  }

  async #write<T>(
    fileId: string,
    content: BlobContent,
    size: number,
    write: (key: string, options: WriteOptions) => Promise<T>,
  ): Promise<T> {
    try {
      return await write(keyOf(fileId), writeProperties(content, content.sha256, size))
    } catch (error) {
      throw isHeadersTooLarge(error) ? new BlobHeadersRejectedError(fileId, error) : error
    }
  }
}

const keyOf = (fileId: string): string => `blobs/${blobName(fileId)}`

const storedBlob = (fileId: string, stored: StoredObject): StoredBlob => ({
  file_id: fileId,
  object: pinnedOf(stored),
  ...readProperties(stored),
  ...(stored.checksumSha256 === undefined ? {} : { checksum_sha256: stored.checksumSha256 }),
})
