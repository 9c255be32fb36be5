import type { Readable } from 'node:stream'
import type { ObjectRange, PinnedObject } from '../objects/object.ts'
import { ObjectExistsError } from '../objects/errors.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { StoredObject, WriteOptions } from '../objects/aws/stored-object.ts'
import { blobName } from './blob-name.ts'
import { contentTypeFields, contentTypeOf } from './content-type.ts'
import {
  copyRange,
  type Expected,
  pinnedOf,
  putVerified,
  putVerifiedIfAbsent,
  type VerifiedObject,
  verifyObject,
} from './verified-object.ts'

/** A blob in the blob bucket, without its bytes. */
export interface StoredBlob {
  readonly file_id: string
  readonly object: PinnedObject
  /**
   * The SHA-256 that the writer of the blob stored in the object's metadata, in hex. It has not been compared with the
   * bytes. Absent if the metadata does not contain it.
   */
  readonly sha256?: string
  /** Absent if the content type is unknown. */
  readonly content_type?: string
}

/** The properties of a blob that are stored with its bytes. */
export interface BlobContent {
  /** SHA-256 of the bytes in hex. */
  readonly sha256: string
  /** Absent if the content type is unknown. */
  readonly content_type?: string
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
   * throws `BlobMismatchError` and writes nothing.
   */
  async put(fileId: string, body: Buffer | Readable, content: Expected & BlobContent): Promise<PinnedObject> {
    return putVerified(this.#objects, this.#bucket, keyOf(fileId), body, content, fieldsOf(content, content.size))
  }

  /**
   * Writes a blob as `put` does, but only if the blob does not exist. Returns true if the blob was written. Returns
   * false if it exists; its bytes are not compared with the given bytes.
   */
  async putIfAbsent(fileId: string, body: Buffer, content: Expected & BlobContent): Promise<boolean> {
    return putVerifiedIfAbsent(
      this.#objects,
      this.#bucket,
      keyOf(fileId),
      body,
      content,
      fieldsOf(content, content.size),
    )
  }

  /**
   * Writes a blob whose bytes S3 copies from a range of another object. If the blob exists, it is replaced. The bytes
   * are not verified, so the caller must have verified the range. Throws `ObjectChangedError` if the other object has
   * changed.
   */
  async copyIn(fileId: string, range: ObjectRange, content: BlobContent): Promise<PinnedObject> {
    return copyRange(this.#objects, this.#bucket, keyOf(fileId), range, fieldsOf(content, range.length))
  }

  /**
   * Writes a blob as `copyIn` does, but only if the blob does not exist. Returns true if the blob was written. Returns
   * false if it exists; its bytes are not compared with the range.
   */
  async copyInIfAbsent(fileId: string, range: ObjectRange, content: BlobContent): Promise<boolean> {
    try {
      const options = { ...fieldsOf(content, range.length), ifAbsent: true }
      await copyRange(this.#objects, this.#bucket, keyOf(fileId), range, options)
      return true
    } catch (error) {
      if (error instanceof ObjectExistsError) return false
      throw error
    }
  }

  /**
   * Returns the SHA-256 and the size of the stored bytes, or undefined if the blob does not exist. The SHA-256 is the
   * checksum that S3 keeps for the object. If S3 keeps none, it is computed from the bytes. Throws `ObjectChangedError`
   * if the blob is replaced during every attempt to read it.
   */
  async sha256Of(fileId: string): Promise<VerifiedObject | undefined> {
    return verifyObject(this.#objects, this.#bucket, keyOf(fileId))
  }

  /** Deletes blobs. Ids of blobs that do not exist are ignored. */
  async delete(fileIds: readonly string[]): Promise<void> {
    await this.#objects.delete(this.#bucket, fileIds.map(keyOf))
  }
}

const keyOf = (fileId: string): string => `blobs/${blobName(fileId)}`

const fieldsOf = ({ sha256, content_type }: BlobContent, size: number): WriteOptions => {
  const { contentType, metadata } = contentTypeFields(content_type)
  return { contentType, metadata: { ...metadata, sha256, size: size.toString() } }
}

const storedBlob = (fileId: string, stored: StoredObject): StoredBlob => {
  const content_type = contentTypeOf(stored)
  return {
    file_id: fileId,
    object: pinnedOf(stored),
    ...(stored.sha256 === undefined ? {} : { sha256: stored.sha256 }),
    ...(content_type === undefined ? {} : { content_type }),
  }
}
