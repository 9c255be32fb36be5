import type { Attempt } from '../jobs/pass.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { PinnedObject } from '../objects/object.ts'
import { parsePartitionKey } from '../resources/partitions.ts'
import type { Key } from '../tables/item.ts'
import { compareBytes } from '../values/text-order.ts'
import { UNCLAIMED_REVISIONS } from './messages.ts'

/** Collects the keys of revisions for which one pass finds no metadata. */
export class UnclaimedRevisions {
  readonly #keys = new Map<string, Key>()

  get size(): number {
    return this.#keys.size
  }

  /** Adds a key. A key can be added twice, because a pass may read a range again. It is then stored once. */
  add(key: Key): void {
    this.#keys.set(keyText(key), key)
  }

  /**
   * Removes the revisions of a model that are in this or a later digest bucket, because the next pass reads them again.
   */
  removeFrom(model: string, bucket: string): void {
    for (const [text, { pk, sk }] of this.#keys)
      if (parsePartitionKey(pk)?.model === model && compareBytes(sk, bucket) >= 0) this.#keys.delete(text)
  }

  /**
   * Writes the keys as a file of the job. Returns the member of the pass's result that refers to the file. If there are
   * no keys, writes no file and returns an empty object.
   */
  async write(
    workFiles: WorkFiles,
    { job_id, n, attempt }: Attempt,
    clock: () => Date,
  ): Promise<{ readonly unclaimed?: { readonly list: PinnedObject; readonly read_at: string } }> {
    if (this.#keys.size === 0) return {}
    const read_at = clock().toISOString()
    const list = await workFiles.write(UNCLAIMED_REVISIONS, [...this.#keys.values()], job_id, n, attempt)
    return { unclaimed: { list, read_at } }
  }
}

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
