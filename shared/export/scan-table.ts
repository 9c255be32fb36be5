import type { ResourceKeys, ScanPosition } from '../resources/aws/resource-keys.ts'
import { type ItemOwner, lastWithSameOwner, ownerOf } from '../resources/item-owner.ts'
import type { ModelRegistry } from '../resources/models.ts'
import type { Key } from '../tables/item.ts'
import type { UnaccountedItems } from './unaccounted-items.ts'

/** The largest page. While only unaccounted items are read, each page is larger than the one before. */
const MAX_PAGE = 1000
const GROWTH = 4

interface TableScan {
  readonly resourceKeys: Pick<ResourceKeys, 'page'>
  readonly models: ModelRegistry
  readonly found: Pick<UnaccountedItems, 'add'>
  readonly mustStop: () => boolean
}

/**
 * Finds all items outside of the partitions and hash keys that the export reads. Returns the position at which the next
 * pass continues, or undefined at the end of the table.
 *
 * An item of a resource is followed by the other resources of its shard, and an ignored item by the rest of its
 * partition. The scan continues after them, so it reads about one item of each partition. DynamoDB accepts a start key
 * that no item has.
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

/** Whether the page has items that the scan could have skipped. Many ignored partitions may have one item each. */
const readsTooMuch = (keys: readonly Key[], owners: readonly ItemOwner[]): boolean =>
  owners.some((owner, k) => owner === 'resource' || (owner === 'ignored' && keys[k]?.pk === keys[k - 1]?.pk))
