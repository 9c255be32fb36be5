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

/** A blob in the blob bucket. */
export interface StoredBlob {
  readonly file_id: string
  readonly object: PinnedObject
  /** The SHA-256 that the writer of the blob asserted, in hex. It proves nothing about the bytes. */
  readonly sha256?: string
  /** Absent if it is unknown. */
  readonly content_type?: string
}

/** What is stored with the bytes of a blob. */
export interface BlobContent {
  /** SHA-256 of the bytes in hex. */
  readonly sha256: string
  /** Absent if it is unknown. */
  readonly content_type?: string
}

/** The blobs of all models: `blobs/{name}` in the blob bucket. Rules: `shared/resources/STORE.md`. */
export class BlobStore {
  readonly #objects: ObjectStore
  readonly #bucket: string

  constructor(objects: ObjectStore, bucket: string) {
    this.#objects = objects
    this.#bucket = bucket
  }

  /** A blob without its bytes. Undefined if it does not exist. */
  async head(fileId: string): Promise<StoredBlob | undefined> {
    const stored = await this.#objects.head(this.#bucket, keyOf(fileId))
    return stored === undefined ? undefined : storedBlob(fileId, stored)
  }

  /** A blob with its body, which must be read to its end or destroyed. Undefined if it does not exist. */
  async open(fileId: string): Promise<(StoredBlob & { readonly body: Readable }) | undefined> {
    const stored = await this.#objects.open(this.#bucket, keyOf(fileId))
    return stored === undefined ? undefined : { ...storedBlob(fileId, stored), body: stored.body }
  }

  /**
   * Writes a blob or replaces it. Throws `BlobMismatchError`, and writes nothing, if the bytes do not match `content`.
   */
  async put(fileId: string, body: Buffer | Readable, content: Expected & BlobContent): Promise<PinnedObject> {
    return putVerified(this.#objects, this.#bucket, keyOf(fileId), body, content, fieldsOf(content, content.size))
  }

  /**
   * As `put`, unless the blob exists. Returns whether it was written; the bytes of an existing blob are not compared.
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
   * Writes a blob or replaces it; S3 copies the bytes from a range of another object. The caller has verified the
   * range. Throws `ObjectChangedError` if that object has changed.
   */
  async copyIn(fileId: string, range: ObjectRange, content: BlobContent): Promise<PinnedObject> {
    return copyRange(this.#objects, this.#bucket, keyOf(fileId), range, fieldsOf(content, range.length))
  }

  /**
   * As `copyIn`, unless the blob exists. Returns whether it was written; the bytes of an existing blob are not
   * compared.
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

  /** Verified SHA-256 and size of the stored bytes: by S3's own checksum or, without one, by reading them. */
  async sha256Of(fileId: string): Promise<VerifiedObject | undefined> {
    return verifyObject(this.#objects, this.#bucket, keyOf(fileId))
  }

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
