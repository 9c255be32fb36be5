import type { ResourceKeys, ScanPosition } from '../resources/aws/resource-keys.ts'
import { type ItemOwner, lastWithSameOwner, ownerOf } from '../resources/item-owner.ts'
import type { ModelRegistry } from '../resources/models.ts'
import type { Key } from '../tables/item.ts'
import type { UnaccountedItems } from './unaccounted-items.ts'

/**
 * The largest number of items per page, and the factor by which pages grow. The first page has one item. As long as the
 * scan cannot skip items, each page is larger than the previous page. After the scan has skipped items, the next page
 * has one item again.
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
 * Scans the table for items that are outside of the key ranges that the export reads. Returns the position where the
 * next pass continues, or undefined at the end of the table.
 *
 * After an item of a resource, the scan skips all other items of resources in the partition. After an ignored item, it
 * skips the rest of the partition. It therefore reads about one item of each partition. To skip items, the scan passes
 * a start key to DynamoDB. No item with this key needs to exist.
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
 * Returns true if the page contains items that a smaller page would have skipped. For an ignored item, this is the case
 * only if the previous item is in the same partition.
 */
const readsTooMuch = (keys: readonly Key[], owners: readonly ItemOwner[]): boolean =>
  owners.some((owner, k) => owner === 'resource' || (owner === 'ignored' && keys[k]?.pk === keys[k - 1]?.pk))
