import type { Item, SortKeyRange } from '../tables/item.ts'
import { lineBytes } from './item-size.ts'
import { revisionRange } from './key-range.ts'

/** What a part of a model holds; `fraction` of its hash space was read (1: all of it). */
export interface Sample {
  /** Of the record lines. */
  readonly bytes: number
  readonly resources: number
  readonly revisions: number
  readonly fraction: number
}

type Pages = (kind: 'm' | 'r', range: SortKeyRange) => AsyncIterable<readonly Item[]>

const BUCKETS = 0x10000
/** From one look to the next at most this much more is read; never less than twice as much. */
const MAX_GROWTH = 16

/**
 * Reads a 65,536th of the hash space, then more and more, until it has `minBytes` or `minResources` or everything. Places
 * are hashes: any part of their space is a fair sample.
 */
export const sampleModel = async (pages: Pages, minBytes: number, minResources: number): Promise<Sample> => {
  let [bytes, resources, revisions, read, upTo] = [0, 0, 0, 0, 1]
  for (;;) {
    const range = { fromSk: hex(read), toSk: upTo === BUCKETS ? 'g' : hex(upTo) }
    for await (const page of pages('m', range)) {
      resources += page.length
      for (const item of page) bytes += lineBytes(item)
    }
    for await (const page of pages('r', revisionRange(range))) {
      revisions += page.length
      for (const item of page) bytes += lineBytes(item)
    }
    read = upTo
    const reached = Math.max(bytes / minBytes, resources / minResources)
    if (read === BUCKETS || reached >= 1) return { bytes, resources, revisions, fraction: read / BUCKETS }
    const growth = Math.min(MAX_GROWTH, Math.max(2, Math.ceil(1 / Math.max(reached, 1 / MAX_GROWTH))))
    upTo = Math.min(BUCKETS, read * growth)
  }
}

const hex = (bucket: number): string => bucket.toString(16).padStart(4, '0')
