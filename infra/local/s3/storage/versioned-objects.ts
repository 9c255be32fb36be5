import type { Buckets } from './buckets.ts'
import type { ContentFiles } from './content-files.ts'
import { ContentReaders, type HeldVersion } from './content-readers.ts'
import { type Batch, type Database, objectPath } from './database.ts'
import { KeyedLock } from './keyed-lock.ts'
import { type DeleteMarker, isDeleteMarker, NULL_VERSION, type ObjectVersion, type VersionEntry } from './records.ts'
import { VersionHistory } from './version-history.ts'
import { newVersionId, type Sequence } from './version-ids.ts'

/** Content and headers of a new version. The storage adds version id, sequence and time. */
export type NewObject = Omit<ObjectVersion, 'versionId' | 'sequence' | 'modified'>

/** Receives the current version of a key, and throws if the conditions of the write do not hold. */
export type WriteCondition = (current: ObjectVersion | undefined) => void

/** The version id and kind of what a delete created or removed; both absent in a bucket without versions. */
export interface Deleted {
  readonly versionId?: string
  readonly deleteMarker?: boolean
}

const always: WriteCondition = () => undefined

/**
 * Objects and their versions. A batch of records makes a new state visible as a whole, so that readers see the old or
 * the new state, and a `kill -9` leaves one of them. Nothing is flushed to the disk: a power cut may lose the last
 * seconds.
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

  /** The current version. Undefined if there is none or if it is a delete marker. */
  current(bucket: string, key: string): ObjectVersion | undefined {
    return this.#database.objects.getSync(objectPath(bucket, key))
  }

  /** The delete marker that hides a key. */
  async currentMarker(bucket: string, key: string): Promise<DeleteMarker | undefined> {
    if (this.#buckets.get(bucket).versioning === undefined) return undefined
    const [newest] = await this.#history.newest(bucket, key)
    return newest !== undefined && isDeleteMarker(newest) ? newest : undefined
  }

  async findNull(bucket: string, key: string): Promise<VersionEntry | undefined> {
    const current = this.current(bucket, key)
    return current?.versionId === NULL_VERSION ? current : this.#history.findNull(bucket, key)
  }

  /** Holds a version for reading: the current one by default. Returns a delete marker as it is. */
  async hold(bucket: string, key: string, versionId?: string): Promise<HeldVersion | DeleteMarker | undefined> {
    const current = this.current(bucket, key)
    if (versionId === undefined || current?.versionId === versionId) return current && this.#readers.hold(current)
    if (versionId !== NULL_VERSION) return this.#holdEntry(this.#history.find(bucket, key, versionId))
    // Finding the null version takes several steps: the lock keeps writers from discarding it meanwhile.
    return this.#locks.run(objectPath(bucket, key), async () =>
      this.#holdEntry(await this.#history.findNull(bucket, key)),
    )
  }

  /** Creates a version. If the condition throws, the content is removed. */
  async put(bucket: string, key: string, object: NewObject, condition = always): Promise<ObjectVersion> {
    try {
      return await this.commit(bucket, key, object, { condition })
    } catch (error) {
      await this.#content.remove(object.segments)
      throw error
    }
  }

  /** Creates a version in one batch with what `also` adds. If the condition throws, the content stays. */
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

  /** Deletes the object, or hides it behind a delete marker if its bucket has versions. */
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

  /** Deletes one version for good. If it was the latest, the version before it becomes current. */
  async deleteVersion(bucket: string, key: string, versionId: string, condition = always): Promise<Deleted> {
    const path = objectPath(bucket, key)
    const { objects } = this.#database
    return this.#locks.run(path, async () => {
      const current = this.current(bucket, key)
      condition(current)
      const isCurrent = current?.versionId === versionId
      const entry = isCurrent ? current : await this.#inHistory(bucket, key, versionId)
      if (entry === undefined) return { versionId }
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

  /** What a new version with this id takes the place of: a version becomes noncurrent, or the null version goes. */
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
