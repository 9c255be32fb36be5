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
  /** Called with an error of a read after the first page. Returns true if the scan must end before this page. */
  readonly mustHandOver: (error: unknown) => boolean
}

/**
 * Scans the table for items that are outside of the key ranges that the export reads. Returns the position where the
 * next pass continues, or undefined at the end of the table.
 *
 * After an item of a resource, the scan skips all other items of resources in the partition. After an ignored item, it
 * skips the rest of the partition. It therefore reads about one item of each partition. To skip items, the scan passes
 * a start key to DynamoDB. No item with this key needs to exist, and its sort key can have 1,024 bytes. DynamoDB accepts
 * such keys, but its documentation does not promise this.
 */
export const scanTable = async (
  start: ScanPosition | undefined,
  { resourceKeys, models, found, mustStop, mustHandOver }: TableScan,
): Promise<ScanPosition | undefined> => {
  let after = start
  let limit = 1
  for (;;) {
    const page = await pageOrThrottled(
      () => resourceKeys.page(after, limit),
      (error) => after !== start && mustHandOver(error),
    )
    if (page === undefined) return after
    const { keys, last } = page
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

/** Returns a page, or undefined if its read was throttled and the scan must end before it. */
const pageOrThrottled = async <Page>(
  read: () => Promise<Page>,
  mustHandOver: (error: unknown) => boolean,
): Promise<Page | undefined> => {
  try {
    return await read()
  } catch (error) {
    if (!mustHandOver(error)) throw error
    return undefined
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
