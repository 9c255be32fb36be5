import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { ContentFiles } from './s3-content.ts'
import { KeyedLock } from './s3-lock.ts'
import type { ObjectRecord, PartRecord, Segment, UploadRecord } from './s3-records.ts'

/** An object as a reader found it; its bytes stay until `release`, whatever is written meanwhile. */
export interface Held {
  readonly record: ObjectRecord
  release(): void
}

type NewObject = Omit<ObjectRecord, 'generation' | 'modified'>

export interface Composed {
  readonly object: NewObject
  /** the numbers of the parts it is made of */
  readonly used: ReadonlySet<number>
}

/** Looks at the state that a write is about to replace, and throws where the write's conditions do not hold. */
export type Check = (current: ObjectRecord | undefined) => void

/**
 * Objects and multipart uploads: records in LevelDB, ordered by key, bytes in files. A record names whole files only,
 * and one write of a record makes a new state visible, so readers see one state or the other, and a `kill -9` at any
 * moment leaves the old one. (A power cut may lose the last seconds: nothing is flushed to the disk.)
 */
export class ObjectStore {
  readonly content: ContentFiles
  readonly #database: ClassicLevel
  readonly #objects
  readonly #uploads
  readonly #parts
  readonly #locks = new KeyedLock()
  readonly #readers = new Map<string, number>()
  readonly #doomed = new Map<string, readonly Segment[]>()

  private constructor(database: ClassicLevel, content: ContentFiles) {
    this.#database = database
    this.content = content
    this.#objects = objectsOf(database)
    this.#uploads = database.sublevel<string, UploadRecord>('uploads', { valueEncoding: 'json' })
    this.#parts = partsOf(database)
  }

  static async open(dir: string): Promise<ObjectStore> {
    await mkdir(dir, { recursive: true })
    const database = new ClassicLevel(join(dir, 'records'))
    await database.open()
    const files = new Set<string>()
    for (const records of [objectsOf(database), partsOf(database)]) {
      for await (const { segments } of records.values()) for (const { file } of segments) files.add(file)
    }
    return new ObjectStore(database, await ContentFiles.open(join(dir, 'content'), files))
  }

  async close(): Promise<void> {
    await this.#database.close()
  }

  find(bucket: string, key: string): ObjectRecord | undefined {
    return this.#objects.getSync(objectKey(bucket, key))
  }

  /** Finds and holds in one step: nothing can remove the bytes between the two. */
  hold(bucket: string, key: string): Held | undefined {
    const record = this.find(bucket, key)
    if (record === undefined) return undefined
    const { generation } = record
    this.#readers.set(generation, (this.#readers.get(generation) ?? 0) + 1)
    let held = true
    const release = (): void => {
      if (!held) return
      held = false
      const others = (this.#readers.get(generation) ?? 1) - 1
      if (others > 0) this.#readers.set(generation, others)
      else {
        this.#readers.delete(generation)
        const segments = this.#doomed.get(generation)
        this.#doomed.delete(generation)
        if (segments !== undefined) void this.content.remove(segments)
      }
    }
    return { record, release }
  }

  /** Puts an object in place of what is there, if `check` lets it; else its bytes are removed again. */
  async put(bucket: string, key: string, object: NewObject, check: Check): Promise<ObjectRecord> {
    return this.#locks.run(objectKey(bucket, key), async () => {
      try {
        const current = this.find(bucket, key)
        check(current)
        const record = stamped(object)
        await this.#objects.put(objectKey(bucket, key), record)
        await this.#discard(current)
        return record
      } catch (error) {
        await this.content.remove(object.segments)
        throw error
      }
    })
  }

  async delete(bucket: string, key: string, check: Check = () => undefined): Promise<void> {
    await this.#locks.run(objectKey(bucket, key), async () => {
      const current = this.find(bucket, key)
      check(current)
      if (current === undefined) return
      await this.#objects.del(objectKey(bucket, key))
      await this.#discard(current)
    })
  }

  /** Keys from `from` on (inclusive) in the order of their UTF-8 bytes. */
  async *list(bucket: string, from: string): AsyncGenerator<readonly [key: string, record: ObjectRecord]> {
    const prefix = objectKey(bucket, '')
    for await (const [key, record] of this.#objects.iterator({ gte: objectKey(bucket, from), lt: `${bucket}\u0001` })) {
      yield [key.slice(prefix.length), record]
    }
  }

  async startUpload(upload: UploadRecord): Promise<string> {
    const uploadId = randomUUID().replaceAll('-', '')
    await this.#uploads.put(uploadId, upload)
    return uploadId
  }

  findUpload(bucket: string, key: string, uploadId: string): UploadRecord | undefined {
    const upload = this.#uploads.getSync(uploadId)
    return upload?.bucket === bucket && upload.key === key ? upload : undefined
  }

  async uploads(bucket: string): Promise<readonly (readonly [uploadId: string, upload: UploadRecord])[]> {
    const all = await this.#uploads.iterator().all()
    return all.filter(([, upload]) => upload.bucket === bucket)
  }

  async parts(uploadId: string): Promise<readonly PartRecord[]> {
    return this.#parts.values({ gte: partKey(uploadId, 0), lt: `${uploadId}\u0001` }).all()
  }

  /** Keeps a part in place of an earlier one of its number; false, and its bytes removed, where the upload is over. */
  async putPart(uploadId: string, part: PartRecord): Promise<boolean> {
    return this.#locks.run(uploadId, async () => {
      if (this.#uploads.getSync(uploadId) === undefined) {
        await this.content.remove(part.segments)
        return false
      }
      const earlier = this.#parts.getSync(partKey(uploadId, part.number))
      await this.#parts.put(partKey(uploadId, part.number), part)
      if (earlier !== undefined) await this.content.remove(earlier.segments)
      return true
    })
  }

  /**
   * Makes an object of an upload in one write. `compose` gets the parts that are there and answers the object and the
   * numbers that it is made of, or throws; the other parts are removed. Undefined where the upload is over.
   */
  async completeUpload(
    uploadId: string,
    compose: (upload: UploadRecord, parts: readonly PartRecord[]) => Promise<Composed>,
    check: Check,
  ): Promise<ObjectRecord | undefined> {
    return this.#locks.run(uploadId, async () => {
      const upload = this.#uploads.getSync(uploadId)
      if (upload === undefined) return undefined
      const parts = await this.parts(uploadId)
      const { object, used } = await compose(upload, parts)
      const place = objectKey(upload.bucket, upload.key)
      return this.#locks.run(place, async () => {
        const current = this.find(upload.bucket, upload.key)
        check(current)
        const record = stamped(object)
        const batch = this.#database.batch()
        for (const { number } of parts) batch.del(partKey(uploadId, number), { sublevel: this.#parts })
        batch.del(uploadId, { sublevel: this.#uploads })
        batch.put(place, record, { sublevel: this.#objects })
        await batch.write()
        for (const part of parts) if (!used.has(part.number)) await this.content.remove(part.segments)
        await this.#discard(current)
        return record
      })
    })
  }

  /** False where there is no such upload. */
  async abortUpload(uploadId: string): Promise<boolean> {
    return this.#locks.run(uploadId, async () => {
      if (this.#uploads.getSync(uploadId) === undefined) return false
      const parts = await this.parts(uploadId)
      const batch = this.#database.batch().del(uploadId, { sublevel: this.#uploads })
      for (const { number } of parts) batch.del(partKey(uploadId, number), { sublevel: this.#parts })
      await batch.write()
      for (const { segments } of parts) await this.content.remove(segments)
      return true
    })
  }

  async #discard(record: ObjectRecord | undefined): Promise<void> {
    if (record === undefined) return
    if (this.#readers.has(record.generation)) this.#doomed.set(record.generation, record.segments)
    else await this.content.remove(record.segments)
  }
}

function objectsOf(database: ClassicLevel) {
  return database.sublevel<string, ObjectRecord>('objects', { valueEncoding: 'json' })
}

function partsOf(database: ClassicLevel) {
  return database.sublevel<string, PartRecord>('parts', { valueEncoding: 'json' })
}

// Neither a bucket's name nor an upload's id has a zero in it, so it ends them.
function objectKey(bucket: string, key: string): string {
  return `${bucket}\u0000${key}`
}

function partKey(uploadId: string, number: number): string {
  return `${uploadId}\u0000${String(number).padStart(5, '0')}`
}

function stamped(object: NewObject): ObjectRecord {
  return { ...object, generation: randomUUID(), modified: Math.floor(Date.now() / 1000) * 1000 }
}
