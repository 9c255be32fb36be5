import { type Batch, type Database, historyOf, historyPath } from './database.ts'
import { NULL_VERSION, type VersionEntry } from './records.ts'
import { sequenceOf } from './version-ids.ts'

/**
 * Stores the noncurrent versions and the delete markers of all keys. `put` and `remove` add their writes to a batch,
 * which the caller then writes.
 */
export class VersionHistory {
  readonly #table: Database['history']

  constructor({ history }: Database) {
    this.#table = history
  }

  /** Returns the newest `count` entries of a key, from newest to oldest. */
  async newest(bucket: string, key: string, count = 1): Promise<readonly VersionEntry[]> {
    return this.#table.values({ ...historyOf(bucket, key), limit: count }).all()
  }

  /**
   * Returns the entry with this version id, or undefined if the entry does not exist. The read is synchronous. For the
   * version id `null`, use `findNull` instead.
   */
  find(bucket: string, key: string, versionId: string): VersionEntry | undefined {
    const entry = this.#table.getSync(historyPath(bucket, key, sequenceOf(versionId)))
    return entry?.versionId === versionId ? entry : undefined
  }

  async findNull(bucket: string, key: string): Promise<VersionEntry | undefined> {
    for await (const entry of this.#table.values(historyOf(bucket, key))) {
      if (entry.versionId === NULL_VERSION) return entry
    }
    return undefined
  }

  put(batch: Batch, bucket: string, key: string, entry: VersionEntry): void {
    batch.put(historyPath(bucket, key, entry.sequence), entry, { sublevel: this.#table })
  }

  remove(batch: Batch, bucket: string, key: string, entry: VersionEntry): void {
    batch.del(historyPath(bucket, key, entry.sequence), { sublevel: this.#table })
  }
}
