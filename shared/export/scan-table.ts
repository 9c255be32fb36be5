import type { ResourceKeys, ScanPosition } from '../resources/aws/resource-keys.ts'
import { type ItemOwner, lastWithSameOwner, ownerOf } from '../resources/item-owner.ts'
import type { ModelRegistry } from '../resources/models.ts'
import type { Key } from '../tables/item.ts'
import type { UnaccountedItems } from './unaccounted-items.ts'

/**
 * The largest number of items per page. The first page has one item. If the scan could not have skipped an item of a
 * page, the next page is four times as large. Otherwise the next page has one item again.
 */
const MAX_PAGE = 1000
const GROWTH = 4

interface TableScan {
  readonly resourceKeys: Pick<ResourceKeys, 'page'>
  readonly models: ModelRegistry
  readonly found: Pick<UnaccountedItems, 'add'>
  readonly mustStop: () => boolean
}

/**
 * Finds all items that are outside of the key ranges that the export reads. Returns the position where the next pass
 * continues, or undefined at the end of the table.
 *
 * After an item of a resource, the scan skips the other resources of the shard. After an ignored item, it skips the
 * rest of the partition. It therefore reads about one item of each partition. To skip items, the scan passes a start
 * key that no item has. DynamoDB accepts such a key.
 */
export const scanTable = async (
  start: ScanPosition | undefined,
  { resourceKeys, models, found, mustStop }: TableScan,
): Promise<ScanPosition | undefined> => {
  let after = start
  let limit = 1
  for (;;) {
    const { keys, last } = await resourceKeys.page(after, limit)
    const owners = keys.map((key) => ownerOf(key, models))
    for (const [k, owner] of owners.entries()) {
      const key = keys[k]
      if (key !== undefined && owner !== 'resource' && owner !== 'ignored') found.add(key, owner)
    }
    if (last === undefined) return undefined
    after = positionAfter(last, models)
    limit = readsTooMuch(keys, owners) ? 1 : Math.min(limit * GROWTH, MAX_PAGE)
    if (mustStop()) return after
  }
}

const positionAfter = (key: Key, models: ModelRegistry): ScanPosition => {
  const owner = ownerOf(key, models)
  if (owner !== 'resource' && owner !== 'ignored') return key
  const sk = lastWithSameOwner(key, models)
  return sk === undefined ? { pk: key.pk } : { pk: key.pk, sk }
}

/**
 * Returns whether the page has items that the scan could have skipped. An ignored item could have been skipped only if
 * the previous item is in the same partition.
 */
const readsTooMuch = (keys: readonly Key[], owners: readonly ItemOwner[]): boolean =>
  owners.some((owner, k) => owner === 'resource' || (owner === 'ignored' && keys[k]?.pk === keys[k - 1]?.pk))
