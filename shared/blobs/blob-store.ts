import type { Readable } from 'node:stream'
import type { ObjectRange, PinnedObject } from '../objects/object.ts'
import { ObjectExistsError } from '../objects/errors.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { StoredObject, WriteOptions } from '../objects/aws/stored-object.ts'
import { blobName } from './blob-name.ts'
import { typeFields, typeOf } from './content-type.ts'
import {
  copyRange,
  type Expected,
  pinnedOf,
  prove,
  type ProvedObject,
  putProved,
  putProvedIfAbsent,
} from './proved-object.ts'

/** A blob as it lies in the bucket. `sha256` is what its writer said: it proves nothing of the bytes. */
export interface StoredBlob {
  readonly file_id: string
  readonly object: PinnedObject
  readonly sha256?: string
  /** Absent: unknown. */
  readonly content_type?: string
}

export interface BlobContent {
  readonly sha256: string
  readonly content_type?: string
}

/** The attachments of all models, each under its file id: `blobs/{name}` in the blob bucket. */
export class BlobStore {
  readonly #objects: ObjectStore
  readonly #bucket: string

  constructor(objects: ObjectStore, bucket: string) {
    this.#objects = objects
    this.#bucket = bucket
  }

  async head(fileId: string): Promise<StoredBlob | undefined> {
    const stored = await this.#objects.head(this.#bucket, keyOf(fileId))
    return stored === undefined ? undefined : storedBlob(fileId, stored)
  }

  /** A blob with its bytes. The body must be read to its end or destroyed. */
  async open(fileId: string): Promise<(StoredBlob & { readonly body: Readable }) | undefined> {
    const stored = await this.#objects.open(this.#bucket, keyOf(fileId))
    return stored === undefined ? undefined : { ...storedBlob(fileId, stored), body: stored.body }
  }

  /** Writes (or replaces) a blob. Throws `BlobMismatchError` where the bytes are not what is said of them. */
  async put(fileId: string, body: Buffer | Readable, content: Expected & BlobContent): Promise<PinnedObject> {
    return putProved(this.#objects, this.#bucket, keyOf(fileId), body, content, fieldsOf(content, content.size))
  }

  /** Writes a blob where none stands: false where one does, whatever its bytes. Throws `BlobMismatchError`. */
  async putIfAbsent(fileId: string, body: Buffer, content: Expected & BlobContent): Promise<boolean> {
    return putProvedIfAbsent(this.#objects, this.#bucket, keyOf(fileId), body, content, fieldsOf(content, content.size))
  }

  /** Lets S3 copy a blob's bytes out of an object whose range was checked before. Throws `ObjectChangedError`. */
  async copyIn(fileId: string, range: ObjectRange, content: BlobContent): Promise<PinnedObject> {
    return copyRange(this.#objects, this.#bucket, keyOf(fileId), range, fieldsOf(content, range.length))
  }

  /** `copyIn` where no blob stands: false where one does, whatever its bytes. */
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

  /** SHA-256 and size of the stored bytes, proved: by S3's own checksum where it keeps one, else by reading them. */
  async sha256Of(fileId: string): Promise<ProvedObject | undefined> {
    return prove(this.#objects, this.#bucket, keyOf(fileId))
  }

  async delete(fileIds: readonly string[]): Promise<void> {
    await this.#objects.delete(this.#bucket, fileIds.map(keyOf))
  }
}

const keyOf = (fileId: string): string => `blobs/${blobName(fileId)}`

const fieldsOf = ({ sha256, content_type }: BlobContent, size: number): WriteOptions => {
  const { contentType, metadata } = typeFields(content_type)
  return { contentType, metadata: { ...metadata, sha256, size: size.toString() } }
}

const storedBlob = (fileId: string, stored: StoredObject): StoredBlob => {
  const content_type = typeOf(stored)
  return {
    file_id: fileId,
    object: pinnedOf(stored),
    ...(stored.sha256 === undefined ? {} : { sha256: stored.sha256 }),
    ...(content_type === undefined ? {} : { content_type }),
  }
}
