import * as z from 'zod'

/** The size of the content of a store. */
export const Size = z.object({
  resources: z.number(),
  /** The number of revisions of each resource. */
  revisions: z.number(),
  /** The approximate size of each revision item, as DynamoDB counts it. */
  itemBytes: z.number(),
  /** The first resources refer to one blob each. */
  blobs: z.number(),
  blobBytes: z.number(),
})
export type Size = Readonly<z.output<typeof Size>>

/** The smallest size, in bytes, of a blob that a restore lets S3 copy. */
const MIN_COPIED_BYTES = 16 * 1024 * 1024

/** Returns true if the blobs are so large that a restore lets S3 copy them. */
export const hasLargeBlobs = ({ blobs, blobBytes }: Size): boolean => blobs > 0 && blobBytes >= MIN_COPIED_BYTES

/** The content with which all measures run. */
export interface DataSet {
  readonly name: string
  /** What dominates the work. It decides which ratios are meaningful. */
  readonly kind: 'records' | 'blobs'
  readonly full: Size
  /** The size with `--quick`. Without it, `--quick` leaves the data set out. */
  readonly quick?: Size
  /** Data sets with the same series are one line of the charts. */
  readonly series?: string
  /** The largest number of rounds. By default, the caller decides. */
  readonly maxRounds?: number
  /** Whether the data set is measured only if it is named in `--data-sets`, because it takes an hour. */
  readonly onlyIfNamed?: true
  /**
   * The modes in which everything is measured. In other modes, peers, the strategies that write under a condition, and
   * the numbers of calls are left out, because they take most of the time.
   */
  readonly complete: readonly Mode[]
}

export type Mode = 'quick' | 'full'

const KB = 1_000
const MB = 1_000 * KB
/**
 * A restore adds an attribute of 46 bytes to each item (`applied_by`). With it, an item of this size has less than 1
 * KiB and costs one write unit. Otherwise, the units of all items would double, and not those of one item in 22.
 */
const SMALL_ITEM = 950

const records = (resources: number, revisions: number, itemBytes: number): Size => ({
  resources,
  revisions,
  itemBytes,
  blobs: 0,
  blobBytes: 0,
})
const withBlobs = (blobs: number, blobBytes: number): Size => ({
  resources: blobs,
  revisions: 1,
  itemBytes: SMALL_ITEM,
  blobs,
  blobBytes,
})

const SERIES = '1 KB items'

/** To add a data set, add a row. */
export const DATA_SETS: readonly DataSet[] = [
  {
    name: 'items-1kb',
    kind: 'records',
    full: records(10_000, 1, SMALL_ITEM),
    quick: records(1_000, 1, SMALL_ITEM),
    series: SERIES,
    complete: ['quick', 'full'],
  },
  {
    name: 'items-10kb',
    kind: 'records',
    full: records(2_000, 1, 10 * KB),
    quick: records(200, 1, 10 * KB),
    complete: ['full'],
  },
  {
    name: 'items-300kb',
    kind: 'records',
    full: records(150, 1, 300 * KB),
    quick: records(20, 1, 300 * KB),
    complete: ['full'],
  },
  {
    name: 'histories',
    kind: 'records',
    full: records(100, 200, SMALL_ITEM),
    quick: records(10, 200, SMALL_ITEM),
    complete: ['full'],
  },
  {
    name: 'blobs-100kb',
    kind: 'blobs',
    full: withBlobs(1_000, 100 * KB),
    quick: withBlobs(100, 100 * KB),
    complete: ['quick', 'full'],
  },
  // The quick blobs have 20 MB, because S3 copies only blobs of at least 16 MiB.
  {
    name: 'blobs-256mb',
    kind: 'blobs',
    full: withBlobs(3, 256 * MB),
    quick: withBlobs(2, 20 * MB),
    complete: ['full'],
  },
  { name: 'items-1kb-x4', kind: 'records', full: records(40_000, 1, SMALL_ITEM), series: SERIES, complete: [] },
  {
    name: 'items-1kb-x16',
    kind: 'records',
    full: records(160_000, 1, SMALL_ITEM),
    series: SERIES,
    maxRounds: 2,
    complete: [],
  },
  // More than 1 GB of records.
  {
    name: 'items-1kb-x64',
    kind: 'records',
    full: records(640_000, 1, SMALL_ITEM),
    series: SERIES,
    maxRounds: 1,
    onlyIfNamed: true,
    complete: [],
  },
]

/** The data sets that are measured unless the caller selects others. */
export const defaultDataSets = (mode: Mode): DataSet[] =>
  DATA_SETS.filter(({ quick, onlyIfNamed }) => (mode === 'full' || quick !== undefined) && onlyIfNamed !== true)
