import type { Item, SortKeyRange } from '../tables/item.ts'
import { lineBytes } from './item-size.ts'
import { revisionRange } from './key-range.ts'

/** The counts of the part of a model that was read as a sample. */
export interface Sample {
  /** The total size of the archive lines of all items, in bytes. */
  readonly bytes: number
  readonly resources: number
  readonly revisions: number
  /** The fraction of all possible id hashes that was read. Greater than 0 and at most 1. */
  readonly fraction: number
}

type Pages = (kind: 'm' | 'r', range: SortKeyRange) => AsyncIterable<readonly Item[]>

/** The number of digest buckets. */
const BUCKETS = 0x10000
/**
 * The largest factor by which one step enlarges the sample. The factor is estimated from the sample so far, and can be
 * wrong.
 */
const MAX_GROWTH = 16

/**
 * Reads a part of a model and returns its counts. Begins with the first digest bucket and reads more buckets until the
 * sample has `minBytes` bytes or `minResources` resources, or until the whole model was read. Id hashes are distributed
 * evenly, so every range of buckets is representative.
 */
export const sampleModel = async (pages: Pages, minBytes: number, minResources: number): Promise<Sample> => {
  let [bytes, resources, revisions, read, end] = [0, 0, 0, 0, 1]
  for (;;) {
    const range = { fromSk: bucketName(read), toSk: end === BUCKETS ? 'g' : bucketName(end) }
    const [metadata, history] = await Promise.all([count(pages('m', range)), count(pages('r', revisionRange(range)))])
    resources += metadata.items
    revisions += history.items
    bytes += metadata.bytes + history.bytes
    read = end
    const progress = Math.max(bytes / minBytes, resources / minResources)
    if (read === BUCKETS || progress >= 1) return { bytes, resources, revisions, fraction: read / BUCKETS }
    const growth = Math.min(MAX_GROWTH, Math.max(2, Math.ceil(1 / Math.max(progress, 1 / MAX_GROWTH))))
    end = Math.min(BUCKETS, read * growth)
  }
}

/** Counts the items of pages and the bytes of their archive lines. */
const count = async (pages: AsyncIterable<readonly Item[]>): Promise<{ items: number; bytes: number }> => {
  let [items, bytes] = [0, 0]
  for await (const page of pages) {
    items += page.length
    for (const item of page) bytes += lineBytes(item)
  }
  return { items, bytes }
}

const bucketName = (bucket: number): string => bucket.toString(16).padStart(4, '0')
