import { z } from 'zod'

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
  /** Whether peers are measured. They need minutes for large data sets. */
  readonly peers: boolean
}

const KB = 1_000
const MB = 1_000 * KB

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
  itemBytes: KB,
  blobs,
  blobBytes,
})

const SERIES = '1 KB items'

/** To add a data set, add a row. */
export const DATA_SETS: readonly DataSet[] = [
  {
    name: 'items-1kb',
    kind: 'records',
    full: records(10_000, 1, KB),
    quick: records(1_500, 1, KB),
    series: SERIES,
    peers: true,
  },
  {
    name: 'items-10kb',
    kind: 'records',
    full: records(2_000, 1, 10 * KB),
    quick: records(200, 1, 10 * KB),
    peers: true,
  },
  {
    name: 'items-300kb',
    kind: 'records',
    full: records(150, 1, 300 * KB),
    quick: records(20, 1, 300 * KB),
    peers: true,
  },
  { name: 'histories', kind: 'records', full: records(100, 200, KB), quick: records(10, 200, KB), peers: true },
  {
    name: 'blobs-100kb',
    kind: 'blobs',
    full: withBlobs(1_000, 100 * KB),
    quick: withBlobs(200, 100 * KB),
    peers: true,
  },
  // The quick blobs have 20 MB, because S3 copies only blobs of at least 16 MiB.
  { name: 'blobs-256mb', kind: 'blobs', full: withBlobs(3, 256 * MB), quick: withBlobs(2, 20 * MB), peers: true },
  { name: 'items-1kb-x4', kind: 'records', full: records(40_000, 1, KB), series: SERIES, peers: false },
  { name: 'items-1kb-x16', kind: 'records', full: records(160_000, 1, KB), series: SERIES, peers: false },
]
