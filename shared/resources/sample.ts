import type { QueryOptions } from '../tables/aws/query.ts'
import { type Item, type SortKeyRange, sortKeyOf } from '../tables/item.ts'
import { must } from '../values/must.ts'
import { lineBytes } from './item-size.ts'
import { FULL_RANGE, revisionRange } from './key-range.ts'

type Kind = 'm' | 'r'
type Pages = (kind: Kind, range: SortKeyRange, options?: QueryOptions) => AsyncIterable<readonly Item[]>

/** Items from the beginning of a model. */
interface Sample {
  readonly sortKeys: readonly string[]
  /** The total size of their archive lines, in bytes. */
  readonly bytes: number
  /** The fraction of all possible id hashes that was read. It is 1 if there are no items. */
  readonly fraction: number
  /** The sort key up to which was read. Absent if there are no items. */
  readonly end?: string
}

/** The number of items of the first page. */
const FIRST_PAGE = 16
/** The largest fraction of all id hashes that is read after the first page. */
const MAX_FRACTION = 0.01
/** The smallest one: a digest bucket. In a model of 250 million resources, it contains 3,800 resources. */
const MIN_FRACTION = 1 / 0x10000
/** The approximate number of resources of a sample, unless one of these fractions contains fewer or more. */
const RESOURCES = 1000
/** The smallest number of resources whose revisions are read, if the model has as many. */
const HISTORIES = 4
/** The number of bytes after which a sample ends, if it contains the history of at least one resource. */
const MAX_BYTES = 8 * 1024 * 1024
/** The number of bytes after which a sample ends in any case, even in the middle of a history. */
const LAST_BYTES = 64 * 1024 * 1024

/** The estimated numbers of a model. */
export interface ModelEstimate {
  /** The total size of the archive lines, in bytes. It is 0 only if the model has no items. */
  readonly lineBytes: number
  readonly resources: number
  readonly revisions: number
}

/**
 * Estimates the number of resources and revisions of a model, and the total size of their archive lines.
 *
 * Id hashes are distributed evenly, so the number of items in a range of id hashes is proportional to the range. The
 * first page of metadata states how many resources the model has. The sample contains the metadata and the revisions of
 * a hundredth of them, but at most about 1,000 resources, and at least 16 metadata items and 4 histories. Reading it
 * takes about a hundredth of the units of an export, and more only in a model with fewer than 1,600 resources.
 *
 * If few resources contain most of the bytes, the estimate can be wrong by a factor. The map items of the plan then
 * need more passes, or are smaller than necessary.
 */
export const estimateModel = async (pages: Pages): Promise<ModelEstimate> => {
  const metadata = await readBeginning('m', pages)
  const resources = metadata.sortKeys.length / metadata.fraction
  // Without metadata, there can still be revisions.
  const history =
    metadata.end === undefined
      ? await readBeginning('r', pages)
      : withFractionOf(
          metadata,
          await readRange('r', revisionRange({ ...FULL_RANGE, toSk: historiesEnd(metadata, metadata.end) }), pages),
        )
  return {
    lineBytes: [metadata, history].reduce((sum, { bytes, fraction }) => sum + bytes / fraction, 0),
    resources: Math.round(resources),
    revisions: Math.round(history.sortKeys.length / history.fraction),
  }
}

/** Returns the sort key of the last metadata item of the sample whose revisions are read. */
const historiesEnd = ({ sortKeys }: Sample, end: string): string =>
  sortKeys.find((sk, k) => k >= HISTORIES - 1 && fractionOf(sk) >= MAX_FRACTION) ?? end

/**
 * Returns the sample of the revisions with the fraction of the resources to which they belong. In a small model, this
 * is more exact than the fraction of the id hashes.
 */
const withFractionOf = (metadata: Sample, history: Sample): Sample => {
  const { end } = history
  const resources = metadata.sortKeys.filter((sk) => end !== undefined && sk <= end).length
  return resources === 0
    ? history
    : { ...history, fraction: (metadata.fraction * resources) / metadata.sortKeys.length }
}

const readBeginning = async (kind: Kind, pages: Pages): Promise<Sample> => {
  const page = await firstPage(pages(kind, FULL_RANGE, { limit: FIRST_PAGE }))
  const sortKeys = page.map(sortKeyOf)
  const end = sortKeys.at(-1)
  if (end === undefined) return { sortKeys, bytes: 0, fraction: 1 }
  const bytes = page.reduce((sum, item) => sum + lineBytes(item), 0)
  const fraction = fractionOf(end)
  if (fraction >= MAX_FRACTION) return { sortKeys, bytes, fraction, end }
  const wanted = Math.max(MIN_FRACTION, (fraction * RESOURCES) / page.length)
  const toSk = sortKeyAt(Math.min(MAX_FRACTION, wanted))
  const rest = await readRange(kind, { fromSk: `${end}\0`, toSk }, pages)
  return { ...rest, sortKeys: [...sortKeys, ...rest.sortKeys], bytes: bytes + rest.bytes }
}

/** Reads the items of a range, or its beginning if it is large. */
const readRange = async (kind: Kind, range: SortKeyRange, pages: Pages): Promise<Sample> => {
  const sortKeys: string[] = []
  let bytes = 0
  let first: number | undefined
  for await (const page of pages(kind, range))
    for (const item of page) {
      bytes += lineBytes(item)
      const end = sortKeyOf(item)
      sortKeys.push(end)
      const fraction = fractionOf(end)
      first ??= fraction
      if ((bytes >= MAX_BYTES && fraction > first) || bytes >= LAST_BYTES) return { sortKeys, bytes, fraction, end }
    }
  return { sortKeys, bytes, fraction: fractionOf(range.toSk), end: range.toSk }
}

/** The number of hex digits that a floating-point number represents exactly. */
const EXACT_DIGITS = 13

/**
 * Returns the fraction of all possible id hashes that are less than the id hash of a sort key. The fraction is never 0.
 * The sort key of a damaged item may begin with fewer hex digits, or with zeros.
 */
const fractionOf = (sortKey: string): number => {
  const [digits] = must(/^[0-9a-f]*/.exec(sortKey))
  const value = Number.parseInt(digits.slice(0, EXACT_DIGITS).padEnd(EXACT_DIGITS, '0'), 16)
  return Math.max(value, 1) / 16 ** EXACT_DIGITS
}

/** Returns the beginning of the sort keys whose id hashes are greater than a fraction of all possible id hashes. */
const sortKeyAt = (fraction: number): string =>
  Math.floor(fraction * 16 ** EXACT_DIGITS)
    .toString(16)
    .padStart(EXACT_DIGITS, '0')

/** Returns the first page, or an empty page if there are no items. */
const firstPage = async (pages: AsyncIterable<readonly Item[]>): Promise<readonly Item[]> => {
  for await (const page of pages) return page
  return []
}
