import type { Strategy } from '../ours/jobs.ts'

/** The content of a store whose archive has about the size of its name, or 0.2 GB more because of its blobs. */
export interface MemorySize {
  /**
   * The size of all revision items, in bytes. Their text is random, so an archive stores about three quarters of it.
   */
  readonly recordBytes: number
  /** Blobs of different sizes. */
  readonly blobs: readonly { readonly count: number; readonly bytes: number }[]
  /** The strategies with which the archive is restored. Without `overwrite`, a restore of 1 GB takes much longer. */
  readonly strategies: readonly Strategy[]
}

const MB = 1_000_000
/** Workers copy several of these blobs at the same time, and S3 copies only blobs of at least 16 MiB. */
const MEDIUM_BLOBS = { count: 8, bytes: 15 * MB }
/** The records of an archive of 1 GB, which consist of 1 GB of compressed data. */
const GIGABYTE_OF_RECORDS = 1_350 * MB

/** Everything in the size `1gb`, times `share`. */
const partOf = (share: number, strategies: readonly Strategy[]): MemorySize => ({
  recordBytes: GIGABYTE_OF_RECORDS * share,
  blobs: [{ count: 200 * share, bytes: 0.1 * MB }, MEDIUM_BLOBS, { count: 1, bytes: 20 * MB }],
  strategies,
})

/** To add a size, add a row. */
export const MEMORY_SIZES: Readonly<Record<string, MemorySize>> = {
  '100mb': partOf(0.1, ['overwrite', 'skip']),
  '400mb': partOf(0.4, ['overwrite', 'skip']),
  '1gb': partOf(1, ['overwrite']),
  // The same records, and 9 GB of blobs.
  '10gb': {
    ...partOf(1, ['overwrite']),
    blobs: [{ count: 1_000, bytes: 0.1 * MB }, MEDIUM_BLOBS, { count: 35, bytes: 256 * MB }],
  },
}

/** The sizes of the table in `LIMITS.md`. Both together take some hours and 60 GB of disk. */
export const DEFAULT_SIZES = ['1gb', '10gb']

/** Items of these sizes have these shares of the bytes. Real stores have small and large items. */
const ITEMS = [
  { bytes: 950, share: 0.15 },
  { bytes: 10_000, share: 0.35 },
  { bytes: 300_000, share: 0.5 },
]

/** Returns the sizes of all revision items, in bytes, with small and large items next to each other. */
export function* itemSizes({ recordBytes }: MemorySize): Generator<number> {
  const written = ITEMS.map(() => 0)
  for (let total = 0; total < recordBytes;) {
    // The size that is furthest behind its share is next.
    let next = 0
    for (const [k, { share }] of ITEMS.entries())
      if ((written[k] ?? 0) / share < (written[next] ?? 0) / (ITEMS[next]?.share ?? 1)) next = k
    const bytes = ITEMS[next]?.bytes ?? 0
    written[next] = (written[next] ?? 0) + bytes
    total += bytes
    yield bytes
  }
}
