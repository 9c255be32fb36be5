import { randomUUID } from 'node:crypto'
import type { ContentFiles } from './content-files.ts'
import { type Database, partPath, partsOf } from './database.ts'
import { KeyedLock } from './keyed-lock.ts'
import type { ObjectVersion, PartRecord, UploadRecord } from './records.ts'
import type { NewObject, VersionedObjects, WriteCondition } from './versioned-objects.ts'

/** An object that consists of uploaded parts. */
export interface ComposedObject {
  readonly object: NewObject
  /** The numbers of the parts of which the object consists. */
  readonly used: ReadonlySet<number>
}

/** The multipart uploads that are neither completed nor aborted, and their parts. */
export class MultipartUploads {
  readonly #database: Database
  readonly #content: ContentFiles
  readonly #objects: VersionedObjects
  readonly #locks = new KeyedLock()

  constructor(database: Database, content: ContentFiles, objects: VersionedObjects) {
    this.#database = database
    this.#content = content
    this.#objects = objects
  }

  async create(upload: UploadRecord): Promise<string> {
    const uploadId = randomUUID().replaceAll('-', '')
    await this.#database.uploads.put(uploadId, upload)
    return uploadId
  }

  find(bucket: string, key: string, uploadId: string): UploadRecord | undefined {
    const upload = this.#database.uploads.getSync(uploadId)
    return upload?.bucket === bucket && upload.key === key ? upload : undefined
  }

  async list(bucket: string): Promise<readonly (readonly [uploadId: string, upload: UploadRecord])[]> {
    const all = await this.#database.uploads.iterator().all()
    return all.filter(([, upload]) => upload.bucket === bucket)
  }

  /** Returns the parts of an upload in the order of their numbers. */
  async parts(uploadId: string): Promise<readonly PartRecord[]> {
    return this.#database.parts.values(partsOf(uploadId)).all()
  }

  /**
   * Stores a part, which replaces an earlier part with the same number. If the upload has been completed or aborted,
   * deletes the content of the part and returns false.
   */
  async putPart(uploadId: string, part: PartRecord): Promise<boolean> {
    return this.#locks.run(uploadId, async () => {
      if (!this.#isOpen(uploadId)) {
        await this.#content.remove(part.segments)
        return false
      }
      const path = partPath(uploadId, part.number)
      const earlier = this.#database.parts.getSync(path)
      await this.#database.parts.put(path, part)
      if (earlier !== undefined) await this.#content.remove(earlier.segments)
      return true
    })
  }

  /**
   * Creates an object from the parts of an upload, and removes the upload, in one batch. `compose` returns the object.
   * Deletes the content of unused parts. Returns undefined if the upload has been completed or aborted.
   */
  async complete(
    uploadId: string,
    compose: (upload: UploadRecord, parts: readonly PartRecord[]) => Promise<ComposedObject>,
    condition: WriteCondition,
  ): Promise<ObjectVersion | undefined> {
    return this.#locks.run(uploadId, async () => {
      const upload = this.#database.uploads.getSync(uploadId)
      if (upload === undefined) return undefined
      const parts = await this.parts(uploadId)
      const { object, used } = await compose(upload, parts)
      const version = await this.#objects.commit(upload.bucket, upload.key, object, {
        condition,
        also: (batch) => {
          for (const { number } of parts) batch.del(partPath(uploadId, number), { sublevel: this.#database.parts })
          batch.del(uploadId, { sublevel: this.#database.uploads })
        },
      })
      for (const part of parts) if (!used.has(part.number)) await this.#content.remove(part.segments)
      return version
    })
  }

  /** Removes an upload and its parts. Returns false if the upload has been completed or aborted. */
  async abort(uploadId: string): Promise<boolean> {
    return this.#locks.run(uploadId, async () => {
      if (!this.#isOpen(uploadId)) return false
      const parts = await this.parts(uploadId)
      const batch = this.#database.level.batch().del(uploadId, { sublevel: this.#database.uploads })
      for (const { number } of parts) batch.del(partPath(uploadId, number), { sublevel: this.#database.parts })
      await batch.write()
      for (const { segments } of parts) await this.#content.remove(segments)
      return true
    })
  }

  #isOpen(uploadId: string): boolean {
    return this.#database.uploads.getSync(uploadId) !== undefined
  }
}
