import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Buckets } from './buckets.ts'
import { ContentFiles } from './content-files.ts'
import { type Database, openDatabase } from './database.ts'
import { type ListedVersion, listObjects, listVersions } from './listing.ts'
import { expireObjects, expireUploads } from './expire-objects.ts'
import { expireOldVersions } from './expire-old-versions.ts'
import { MultipartUploads } from './multipart-uploads.ts'
import { isDeleteMarker, type ObjectVersion } from './records.ts'
import { upgrade } from './upgrade.ts'
import { Sequence } from './version-ids.ts'
import { VersionedObjects } from './versioned-objects.ts'

/** The data of the service, in one folder: records in LevelDB (`records/`), and the content of objects (`content/`). */
export class Storage {
  readonly content: ContentFiles
  readonly buckets: Buckets
  readonly objects: VersionedObjects
  readonly uploads: MultipartUploads
  readonly #database: Database

  private constructor(database: Database, content: ContentFiles, buckets: Buckets, sequence: Sequence) {
    this.#database = database
    this.content = content
    this.buckets = buckets
    this.objects = new VersionedObjects(database, content, buckets, sequence)
    this.uploads = new MultipartUploads(database, content, this.objects)
  }

  static async open(dir: string): Promise<Storage> {
    await mkdir(dir, { recursive: true })
    const database = await openDatabase(join(dir, 'records'))
    try {
      await upgrade(database, dir)
      const { files, latest } = await scan(database)
      const content = await ContentFiles.open(join(dir, 'content'), files)
      return new Storage(database, content, await Buckets.open(database), new Sequence(latest))
    } catch (error) {
      await database.level.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#database.level.close()
  }

  listObjects(bucket: string, from: string): AsyncIterable<readonly [key: string, version: ObjectVersion]> {
    return listObjects(this.#database, bucket, from)
  }

  listVersions(bucket: string, from: string): AsyncIterable<readonly [key: string, version: ListedVersion]> {
    return listVersions(this.#database, bucket, from)
  }

  /**
   * Deletes the versions that became noncurrent before a time, which is in milliseconds since 1970. Stops early if the
   * signal is aborted.
   */
  async expireOldVersions(before: number, signal?: AbortSignal): Promise<void> {
    for (const [bucket, { versioning }] of this.buckets.list()) {
      if (versioning !== undefined) await expireOldVersions(this.#database, this.objects, { bucket, before, signal })
    }
  }

  /**
   * Deletes the objects of a bucket that were written before a time, which is in milliseconds since 1970. Stops early
   * if the signal is aborted.
   */
  async expireObjects(bucket: string, before: number, signal?: AbortSignal): Promise<void> {
    await expireObjects(this.#database, this.objects, { bucket, before, signal })
  }

  /** Aborts the multipart uploads that began before a time. Stops early if the signal is aborted. */
  async expireUploads(before: number, signal?: AbortSignal): Promise<void> {
    for (const [bucket] of this.buckets.list()) await expireUploads(this.uploads, { bucket, before, signal })
  }

  /** Deletes a bucket that contains no version and no delete marker. Aborts its uploads. */
  async deleteBucket(bucket: string): Promise<void> {
    await this.buckets.delete(bucket, async () => {
      const versions = listVersions(this.#database, bucket, '')
      const { done } = await versions.next()
      await versions.return(undefined)
      return done === true
    })
    for (const [uploadId] of await this.uploads.list(bucket)) await this.uploads.abort(uploadId)
  }
}

/** Returns the files to which records refer, and the largest sequence number. */
async function scan({ objects, history, parts }: Database): Promise<{ files: ReadonlySet<string>; latest: number }> {
  const files = new Set<string>()
  let latest = 0
  for (const table of [objects, history]) {
    for await (const entry of table.values()) {
      latest = Math.max(latest, entry.sequence)
      if (!isDeleteMarker(entry)) for (const { file } of entry.segments) files.add(file)
    }
  }
  for await (const { segments } of parts.values()) for (const { file } of segments) files.add(file)
  return { files, latest }
}
