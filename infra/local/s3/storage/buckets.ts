import { S3Error } from '../http/s3-error.ts'
import type { Database } from './database.ts'
import type { BucketRecord, VersioningStatus } from './records.ts'

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
const NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

/** The records of all buckets. They are kept in memory and in the database. */
export class Buckets {
  readonly #database: Database
  readonly #records: Map<string, BucketRecord>

  private constructor(database: Database, records: Map<string, BucketRecord>) {
    this.#database = database
    this.#records = records
  }

  static async open(database: Database): Promise<Buckets> {
    return new Buckets(database, new Map(await database.buckets.iterator().all()))
  }

  /** Returns the record of a bucket. Throws 404 `NoSuchBucket` if the bucket does not exist. */
  get(name: string): BucketRecord {
    const record = this.#records.get(name)
    if (record === undefined) {
      throw new S3Error('NoSuchBucket', 'The specified bucket does not exist', { BucketName: name })
    }
    return record
  }

  list(): readonly (readonly [name: string, record: BucketRecord])[] {
    return [...this.#records].sort(([one], [other]) => (one < other ? -1 : 1))
  }

  has(name: string): boolean {
    return this.#records.has(name)
  }

  /** Creates a bucket. Throws 400 if the name is not valid, and 409 if the bucket exists. */
  async create(name: string): Promise<void> {
    if (!NAME.test(name)) {
      throw new S3Error('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: name })
    }
    if (this.has(name)) {
      throw new S3Error(
        'BucketAlreadyOwnedByYou',
        'Your previous request to create the named bucket succeeded and you already own it.',
        { BucketName: name },
      )
    }
    await this.#save(name, { created: Date.now() })
  }

  async setVersioning(name: string, versioning: VersioningStatus): Promise<void> {
    await this.#save(name, { ...this.get(name), versioning })
  }

  async setEventBridge(name: string, eventBridge: boolean): Promise<void> {
    await this.#save(name, { ...this.get(name), eventBridge })
  }

  /** Deletes a bucket if `isEmpty` returns true. Throws 409 otherwise. */
  async delete(name: string, isEmpty: () => Promise<boolean>): Promise<void> {
    const record = this.get(name)
    // The record is removed from memory first, so that no object can be written while `isEmpty` runs.
    this.#records.delete(name)
    let empty = false
    try {
      empty = await isEmpty()
    } finally {
      if (!empty) this.#records.set(name, record)
    }
    if (!empty) {
      throw new S3Error('BucketNotEmpty', 'The bucket you tried to delete is not empty', { BucketName: name })
    }
    await this.#database.buckets.del(name)
  }

  async #save(name: string, record: BucketRecord): Promise<void> {
    this.#records.set(name, record)
    await this.#database.buckets.put(name, record)
  }
}
