import type { Attempt } from '../jobs/pass.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { PinnedObject } from '../objects/object.ts'
import { parsePartitionKey } from '../resources/partitions.ts'
import type { Key } from '../tables/item.ts'
import { compareBytes } from '../values/text-order.ts'
import { type RecordsResult, UNCLAIMED_REVISIONS } from './messages.ts'

type KeyFiles = Pick<WorkFiles, 'write' | 'readPinned'>

/** The number of keys per file. So many keys take about 4 MB of memory. */
const MAX_KEYS = 20_000

/**
 * Collects the keys of revisions for which one pass finds no metadata. At most `maxKeys` keys are in memory. All others
 * are in files of the job.
 */
export class UnclaimedRevisions {
  readonly #workFiles: KeyFiles
  readonly #attempt: Attempt
  readonly #maxKeys: number
  #keys: Key[] = []
  /** The files, in the order of their keys, each with its last key. */
  #files: readonly { readonly list: PinnedObject; readonly last: Key }[] = []
  #written = 0
  #last: Key | undefined

  constructor(workFiles: KeyFiles, attempt: Attempt, maxKeys = MAX_KEYS) {
    this.#workFiles = workFiles
    this.#attempt = attempt
    this.#maxKeys = maxKeys
  }

  /** The number of keys in memory. */
  get held(): number {
    return this.#keys.length
  }

  /**
   * Adds keys. The keys of a model must be in the order in which they are read. If a pass reads a range again, it may
   * add the keys of this range again. They are then ignored.
   */
  async add(keys: readonly Key[]): Promise<void> {
    for (const key of keys) {
      if (this.#last !== undefined && isUpTo(key, this.#last)) continue
      this.#last = key
      this.#keys.push(key)
      if (this.#keys.length >= this.#maxKeys) await this.#writeFile()
    }
  }

  /**
   * Removes the revisions of a model that are in this or a later digest bucket, because the next pass reads them again.
   * The model must be the last one whose keys were added.
   */
  async removeFrom(model: string, bucket: string): Promise<void> {
    const isRemoved = ({ pk, sk }: Key): boolean => modelOf(pk) === model && compareBytes(sk, bucket) >= 0
    // If a read fails, nothing is removed, so that the caller can call this method again.
    let files = this.#files
    let keys: readonly Key[] = this.#keys
    for (let file = files.at(-1); file !== undefined && isRemoved(file.last); file = files.at(-1)) {
      keys = await this.#workFiles.readPinned(UNCLAIMED_REVISIONS, file.list)
      files = files.slice(0, -1)
    }
    this.#files = files
    this.#keys = keys.filter((key) => !isRemoved(key))
  }

  /**
   * Writes the keys in memory to a file. Returns an object with the member `unclaimed_revisions`, which refers to all
   * files of the pass. If no keys were collected, writes no file and returns an empty object.
   */
  async write(clock: () => Date): Promise<Pick<RecordsResult, 'unclaimed_revisions'>> {
    await this.#writeFile()
    if (this.#files.length === 0) return {}
    const lists = this.#files.map(({ list }) => list)
    return { unclaimed_revisions: { lists, read_at: clock().toISOString() } }
  }

  async #writeFile(): Promise<void> {
    const last = this.#keys.at(-1)
    if (last === undefined) return
    const { job_id, n, attempt } = this.#attempt
    this.#written += 1
    const list = await this.#workFiles.write(UNCLAIMED_REVISIONS, this.#keys, job_id, n, attempt, this.#written)
    this.#files = [...this.#files, { list, last }]
    this.#keys = []
  }
}

const modelOf = (pk: string): string | undefined => parsePartitionKey(pk)?.model

/**
 * Returns true if a key is equal to `last`, or is read before it. Both keys must belong to partitions of revisions.
 * Sort keys increase within a partition and from shard to shard.
 */
const isUpTo = ({ pk, sk }: Key, last: Key): boolean =>
  modelOf(pk) === modelOf(last.pk) && compareBytes(sk, last.sk) <= 0

/** Returns a string that identifies a key. */
export const keyText = ({ pk, sk }: Key): string => `${pk}\n${sk}`

/** Returns the key of the metadata of the resource to which a revision belongs. */
export const metadataKeyOf = ({ pk, sk }: Key): Key => ({
  pk: pk.replace(/#r#(\d+)$/, '#m#$1'),
  sk: sk.split('/').slice(0, 2).join('/'),
})

/**
 * Returns true if the sort key of an item has the form of a revision's sort key. This form is the sort key of the
 * metadata, followed by `/` and further characters.
 */
export const isRevisionKey = (key: Key): boolean => key.sk.startsWith(`${metadataKeyOf(key).sk}/`)
