import type { QueryOptions } from '../tables/aws/query.ts'
import { type Item, type SortKeyRange, sortKeyOf } from '../tables/item.ts'
import { must } from '../values/must.ts'
import { lineBytes } from './item-size.ts'
import { FULL_RANGE, revisionRange } from './key-range.ts'

type Kind = 'm' | 'r'
type Pages = (kind: Kind, range: SortKeyRange, options?: QueryOptions) => AsyncIterable<readonly Item[]>

/** Items from the beginning of a model. */
interface Sample {
  /** The total size of their archive lines, in bytes. */
  readonly bytes: number
  /** The fraction of all possible id hashes that was read. It is 1 if all items were read. */
  readonly fraction: number
  /** The last sort key. Absent if all items were read. */
  readonly last?: string
}

/** A sample is sufficient if it has one of these sizes. A large model has more resources, and their number matters more. */
const ENOUGH = { fraction: 0.01, items: 1000, bytes: 8 * 1024 * 1024 }
/** The number of items of the first page, and of the largest page. */
const FIRST_PAGE = 16
const MAX_PAGE = 250

/**
 * Estimates the total size of the archive lines of a model, in bytes. Returns 0 only if the model has no items.
 *
 * Id hashes are distributed evenly, so the number of items in a range of id hashes is proportional to the range. Reads
 * metadata from the beginning of the model until a hundredth of the id hashes or 1,000 resources are read, and then the
 * revisions of these resources. This takes about a hundredth of the units of an export. If the first shards are empty,
 * reads on until it finds items.
 */
export const estimateLineBytes = async (pages: Pages): Promise<number> => {
  const metadata = await readBeginning('m', pages)
  // If there is little or no metadata, there can still be revisions without metadata.
  const history =
    metadata.last === undefined ? await readBeginning('r', pages) : await readHistory(metadata.last, pages)
  return [metadata, history].reduce((sum, { bytes, fraction }) => sum + (bytes === 0 ? 0 : bytes / fraction), 0)
}

const readBeginning = async (kind: Kind, pages: Pages): Promise<Sample> => {
  let [bytes, items, limit, from] = [0, 0, FIRST_PAGE, FULL_RANGE.fromSk]
  for (;;) {
    const page = await firstPage(pages(kind, { ...FULL_RANGE, fromSk: from }, { limit }))
    const last = page.at(-1)
    if (last === undefined) return { bytes, fraction: 1 }
    items += page.length
    for (const item of page) bytes += lineBytes(item)
    const lastKey = sortKeyOf(last)
    const fraction = readFraction(lastKey)
    if (fraction >= ENOUGH.fraction || items >= ENOUGH.items || bytes >= ENOUGH.bytes)
      return { bytes, fraction, last: lastKey }
    // The number of further items in a hundredth of the id hashes. A page must not exceed it by far.
    const missing = Math.ceil((items * ENOUGH.fraction) / fraction) - items
    limit = Math.min(MAX_PAGE, Math.max(FIRST_PAGE, missing))
    from = `${lastKey}\0`
  }
}

/** Reads the revisions of all resources up to the one with the metadata key `lastKey`, or of as many as are sufficient. */
const readHistory = async (lastKey: string, pages: Pages): Promise<Sample> => {
  let bytes = 0
  let first: number | undefined
  for await (const page of pages('r', revisionRange({ ...FULL_RANGE, toSk: lastKey })))
    for (const item of page) {
      bytes += lineBytes(item)
      const fraction = readFraction(sortKeyOf(item))
      first ??= fraction
      // The history of at least one resource must be complete.
      if (bytes >= ENOUGH.bytes && fraction > first) return { bytes, fraction }
    }
  return { bytes, fraction: readFraction(lastKey) }
}

/** The number of hex digits that a floating-point number represents exactly. */
const EXACT_DIGITS = 13

/**
 * Returns the fraction of all possible id hashes that are less than the id hash of a sort key. The fraction is never 0.
 * The sort key of a damaged item may begin with fewer hex digits, or with zeros.
 */
const readFraction = (sortKey: string): number => {
  const [digits] = must(/^[0-9a-f]*/.exec(sortKey))
  const value = Number.parseInt(digits.slice(0, EXACT_DIGITS).padEnd(EXACT_DIGITS, '0'), 16)
  return Math.max(value, 1) / 16 ** EXACT_DIGITS
}

/** Returns the first page, or an empty page if there are no items. */
const firstPage = async (pages: AsyncIterable<readonly Item[]>): Promise<readonly Item[]> => {
  for await (const page of pages) return page
  return []
}
