import { hashOf } from '../../jobs/identity.ts'
import type { JobTable } from '../../jobs/aws/job-table.ts'
import { type Item, keyAttributes } from '../../tables/item.ts'
import type { DamagedArchive } from '../damaged-archive.ts'

/** The partition with the damaged archives. It is almost always empty. */
const DAMAGED = 'archives#damaged'

/**
 * Stores which archives their last checks have found damaged, in the job table. The archives need not be in the
 * catalogue, because a damaged archive may have replaced the version that the catalogue contains.
 */
export class DamagedArchives {
  readonly #items: JobTable

  constructor(items: JobTable) {
    this.#items = items
  }

  async list(): Promise<DamagedArchive[]> {
    const damaged: DamagedArchive[] = []
    for await (const page of this.#items.query(DAMAGED))
      for (const { bucket, key, etag } of page)
        damaged.push({ bucket: bucket?.S ?? '', key: key?.S ?? '', etag: etag?.S ?? '' })
    return damaged
  }

  /** Stores that a check at the time `at` has found an archive damaged. */
  async add({ bucket, key, etag }: DamagedArchive, at: string): Promise<void> {
    await this.#items.putWhere(
      {
        ...damagedKey({ bucket, key, etag }),
        bucket: { S: bucket },
        key: { S: key },
        etag: { S: etag },
        at: { S: at },
      },
      'attribute_not_exists(#at) OR #at < :at',
      { '#at': 'at' },
      { ':at': { S: at } },
    )
  }

  /** Removes an archive that a check at the time `at` has found intact, unless a later check has found damage. */
  async remove(archive: DamagedArchive, at: string): Promise<void> {
    await this.#items.deleteWhere(damagedKey(archive), '#at <= :at', { '#at': 'at' }, { ':at': { S: at } })
  }

  /** Removes the archives with these keys, because their objects were deleted. */
  async removeKeys(keys: readonly string[]): Promise<void> {
    const removed = new Set(keys)
    for (const damaged of await this.list()) if (removed.has(damaged.key)) await this.#items.delete(damagedKey(damaged))
  }
}

/** The key of an archive may be too long for a sort key. */
const damagedKey = ({ bucket, key, etag }: DamagedArchive): Item =>
  keyAttributes({ pk: DAMAGED, sk: hashOf([bucket, key, etag]) })
