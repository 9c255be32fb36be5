import type { Buckets } from './buckets.ts'
import type { ContentFiles } from './content-files.ts'
import { ContentReaders, type HeldVersion } from './content-readers.ts'
import { type Batch, type Database, objectPath } from './database.ts'
import { KeyedLock } from './keyed-lock.ts'
import { checkUnlocked } from './object-lock.ts'
import { type DeleteMarker, isDeleteMarker, NULL_VERSION, type ObjectVersion, type VersionEntry } from './records.ts'
import { VersionHistory } from './version-history.ts'
import { newVersionId, type Sequence } from './version-ids.ts'

/**
 * The content and headers of a new version. `VersionedObjects` adds the version id, the sequence number and the time.
 */
export type NewObject = Omit<ObjectVersion, 'versionId' | 'sequence' | 'modified'>

/** Throws if the conditions of a write do not hold. `current` is the current version of the key. */
export type WriteCondition = (current: ObjectVersion | undefined) => void

/** The result of a delete: what it created or removed. Both members are undefined in a bucket without versioning. */
export interface Deleted {
  readonly versionId?: string
  readonly deleteMarker?: boolean
}

const always: WriteCondition = () => undefined

/**
 * The objects and their versions. Each change is one batch of records. Therefore, readers see either the old or the new
 * state. After a `kill -9`, the next start also finds one of these states. A power failure can lose the last changes,
 * because the service does not flush them to the disk.
 */
export class VersionedObjects {
  readonly #database: Database
  readonly #content: ContentFiles
  readonly #buckets: Buckets
  readonly #history: VersionHistory
  readonly #readers: ContentReaders
  readonly #sequence: Sequence
  readonly #locks = new KeyedLock()

  constructor(database: Database, content: ContentFiles, buckets: Buckets, sequence: Sequence) {
    this.#database = database
    this.#content = content
    this.#buckets = buckets
    this.#sequence = sequence
    this.#history = new VersionHistory(database)
    this.#readers = new ContentReaders(content)
  }

  /** Returns the current version of a key. Returns undefined if the key does not exist or a delete marker hides it. */
  current(bucket: string, key: string): ObjectVersion | undefined {
    return this.#database.objects.getSync(objectPath(bucket, key))
  }

  /** Returns the delete marker that hides a key, or undefined if the latest version is not a delete marker. */
  async currentMarker(bucket: string, key: string): Promise<DeleteMarker | undefined> {
    if (this.#buckets.get(bucket).versioning === undefined) return undefined
    const [newest] = await this.#history.newest(bucket, key)
    return newest !== undefined && isDeleteMarker(newest) ? newest : undefined
  }

  async findNull(bucket: string, key: string): Promise<VersionEntry | undefined> {
    const current = this.current(bucket, key)
    return current?.versionId === NULL_VERSION ? current : this.#history.findNull(bucket, key)
  }

  /**
   * Holds a version for reading, by default the current version. If the version is a delete marker, returns the delete
   * marker. Returns undefined if there is no such version.
   */
  async hold(bucket: string, key: string, versionId?: string): Promise<HeldVersion | DeleteMarker | undefined> {
    const current = this.current(bucket, key)
    if (versionId === undefined || current?.versionId === versionId) return current && this.#readers.hold(current)
    if (versionId !== NULL_VERSION) return this.#holdEntry(this.#history.find(bucket, key, versionId))
    // The search for the version `null` is asynchronous. The lock prevents writers from discarding it during the
    // search.
    return this.#locks.run(objectPath(bucket, key), async () =>
      this.#holdEntry(await this.#history.findNull(bucket, key)),
    )
  }

  /** Creates a version. If this fails, for example because the condition throws, deletes the content. */
  async put(bucket: string, key: string, object: NewObject, condition = always): Promise<ObjectVersion> {
    try {
      return await this.commit(bucket, key, object, { condition })
    } catch (error) {
      await this.#content.remove(object.segments)
      throw error
    }
  }

  /** Creates a version, in one batch with the writes that `also` adds. If the condition throws, keeps the content. */
  async commit(
    bucket: string,
    key: string,
    object: NewObject,
    { condition = always, also }: { readonly condition?: WriteCondition; readonly also?: (batch: Batch) => void } = {},
  ): Promise<ObjectVersion> {
    const path = objectPath(bucket, key)
    return this.#locks.run(path, async () => {
      const current = this.current(bucket, key)
      condition(current)
      const version = { ...object, ...this.#stamp(bucket) }
      const { archived, replaced } = await this.#displaced(bucket, key, current, version.versionId)
      const batch = this.#database.level.batch()
      also?.(batch)
      if (archived !== undefined) this.#history.put(batch, bucket, key, archived)
      if (replaced !== undefined) this.#history.remove(batch, bucket, key, replaced)
      await batch.put(path, version, { sublevel: this.#database.objects }).write()
      await this.#readers.discard(replaced)
      return version
    })
  }

  /** Deletes an object. In a bucket with versioning, adds a delete marker and keeps the versions. */
  async delete(bucket: string, key: string, condition = always): Promise<Deleted> {
    const path = objectPath(bucket, key)
    return this.#locks.run(path, async () => {
      const current = this.current(bucket, key)
      condition(current)
      const batch = this.#database.level.batch().del(path, { sublevel: this.#database.objects })
      if (this.#buckets.get(bucket).versioning === undefined) {
        await batch.write()
        await this.#readers.discard(current)
        return {}
      }
      const marker: DeleteMarker = { ...this.#stamp(bucket), deleteMarker: true }
      const { archived, replaced } = await this.#displaced(bucket, key, current, marker.versionId)
      if (archived !== undefined) this.#history.put(batch, bucket, key, archived)
      if (replaced !== undefined) this.#history.remove(batch, bucket, key, replaced)
      this.#history.put(batch, bucket, key, marker)
      await batch.write()
      await this.#readers.discard(replaced)
      return { versionId: marker.versionId, deleteMarker: true }
    })
  }

  /**
   * Deletes one version permanently. If it was the latest version, the previous version becomes current. Throws 403 if
   * the version is locked.
   */
  async deleteVersion(bucket: string, key: string, versionId: string, condition = always): Promise<Deleted> {
    const path = objectPath(bucket, key)
    const { objects } = this.#database
    return this.#locks.run(path, async () => {
      const current = this.current(bucket, key)
      condition(current)
      const isCurrent = current?.versionId === versionId
      const entry = isCurrent ? current : await this.#inHistory(bucket, key, versionId)
      if (entry === undefined) return { versionId }
      if (!isDeleteMarker(entry)) checkUnlocked(entry.headers)
      const batch = this.#database.level.batch()
      if (isCurrent) batch.del(path, { sublevel: objects })
      else this.#history.remove(batch, bucket, key, entry)
      const newest = await this.#history.newest(bucket, key, 2)
      const [next] = newest.filter(({ sequence }) => sequence !== entry.sequence)
      const wasLatest = isCurrent || (current === undefined && newest[0]?.sequence === entry.sequence)
      if (wasLatest && next !== undefined && !isDeleteMarker(next)) {
        this.#history.remove(batch, bucket, key, next)
        batch.put(path, next, { sublevel: objects })
      }
      await batch.write()
      await this.#readers.discard(entry)
      return isDeleteMarker(entry) ? { versionId, deleteMarker: true } : { versionId }
    })
  }

  /**
   * Returns how a new version affects existing versions: `archived` becomes noncurrent, and `replaced` is deleted. A
   * version is replaced only if its id and the id of the new version are both `null`.
   */
  async #displaced(
    bucket: string,
    key: string,
    current: ObjectVersion | undefined,
    versionId: string,
  ): Promise<{ readonly archived?: ObjectVersion | undefined; readonly replaced?: VersionEntry | undefined }> {
    if (versionId !== NULL_VERSION) return { archived: current }
    if (current?.versionId === NULL_VERSION) return { replaced: current }
    if (this.#buckets.get(bucket).versioning === undefined) return {}
    return { archived: current, replaced: await this.#history.findNull(bucket, key) }
  }

  async #inHistory(bucket: string, key: string, versionId: string): Promise<VersionEntry | undefined> {
    return versionId === NULL_VERSION ? this.#history.findNull(bucket, key) : this.#history.find(bucket, key, versionId)
  }

  #holdEntry(entry: VersionEntry | undefined): HeldVersion | DeleteMarker | undefined {
    return entry === undefined || isDeleteMarker(entry) ? entry : this.#readers.hold(entry)
  }

  #stamp(bucket: string): Pick<ObjectVersion, 'versionId' | 'sequence' | 'modified'> {
    const sequence = this.#sequence.next()
    const versionId = this.#buckets.get(bucket).versioning === 'Enabled' ? newVersionId(sequence) : NULL_VERSION
    return { versionId, sequence, modified: Math.floor(Date.now() / 1000) * 1000 }
  }
}
