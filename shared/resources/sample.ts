import type { Item, SortKeyRange } from '../tables/item.ts'
import { lineBytes } from './item-size.ts'
import { revisionRange } from './key-range.ts'

/** The contents of a part of a model. */
export interface Sample {
  /** Bytes of the archive lines of all items. */
  readonly bytes: number
  readonly resources: number
  readonly revisions: number
  /** Which fraction of the hash space was read: more than 0, at most 1. */
  readonly fraction: number
}

type Pages = (kind: 'm' | 'r', range: SortKeyRange) => AsyncIterable<readonly Item[]>

const BUCKETS = 0x10000
/** Each step extends the sample to between 2 and 16 times its size. */
const MAX_GROWTH = 16

/**
 * Reads the first digest bucket of a model and then more of them, until the sample has `minBytes` or `minResources`, or
 * the model has no more. Hash keys are distributed evenly, so any range of them is representative.
 */
export const sampleModel = async (pages: Pages, minBytes: number, minResources: number): Promise<Sample> => {
  let [bytes, resources, revisions, read, end] = [0, 0, 0, 0, 1]
  for (;;) {
    const range = { fromSk: bucketName(read), toSk: end === BUCKETS ? 'g' : bucketName(end) }
    for await (const page of pages('m', range)) {
      resources += page.length
      for (const item of page) bytes += lineBytes(item)
    }
    for await (const page of pages('r', revisionRange(range))) {
      revisions += page.length
      for (const item of page) bytes += lineBytes(item)
    }
    read = end
    const progress = Math.max(bytes / minBytes, resources / minResources)
    if (read === BUCKETS || progress >= 1) return { bytes, resources, revisions, fraction: read / BUCKETS }
    const growth = Math.min(MAX_GROWTH, Math.max(2, Math.ceil(1 / Math.max(progress, 1 / MAX_GROWTH))))
    end = Math.min(BUCKETS, read * growth)
  }
}

const bucketName = (bucket: number): string => bucket.toString(16).padStart(4, '0')
