import { type StoredSizes, sum } from '../content/stored-sizes.ts'

const KIB = 1024
/** DynamoDB counts a consistent read in units of 4 KiB, and a write in units of 1 KiB. */
const READ_UNIT_BYTES = 4 * KIB
const WRITE_UNIT_BYTES = KIB
/** The largest page of a query. */
const PAGE_BYTES = KIB * KIB
/** The limits of one BatchWriteItem. */
const BATCH = { items: 25, bytes: 16 * KIB * KIB }

/** What a job must at least request from DynamoDB and S3. */
export interface Least {
  readonly read_units: number
  readonly write_units: number
  /** Requests to DynamoDB. */
  readonly table_calls: number
  /** Requests to S3 that read, and that write, a blob. */
  readonly blob_reads: number
  readonly blob_writes: number
}

/** Returns the units of a query: a page counts as one item, so the sizes are added before they are rounded. */
export const queryUnits = (itemSizes: readonly number[]): number =>
  Math.max(1, Math.ceil(sum(itemSizes) / READ_UNIT_BYTES))

/** Returns the units of writing one item. */
export const writeUnits = (itemSize: number): number => Math.max(1, Math.ceil(itemSize / WRITE_UNIT_BYTES))

/** Returns the number of queries that read a partition. */
export const pages = (itemSizes: readonly number[]): number => Math.max(1, Math.ceil(sum(itemSizes) / PAGE_BYTES))

/** Returns the number of BatchWriteItem requests that write these items. A batch can contain several partitions. */
export const batches = (itemSizes: readonly number[]): number =>
  Math.max(Math.ceil(itemSizes.length / BATCH.items), Math.ceil(sum(itemSizes) / BATCH.bytes))

/** An export reads every item once, consistently, and every blob once. */
export const leastExport = ({ partitions, blobs }: StoredSizes): Least => {
  const lists = [...partitions.values()]
  return {
    read_units: sum(lists.map(queryUnits)),
    write_units: 0,
    table_calls: sum(lists.map(pages)),
    blob_reads: blobs.length,
    blob_writes: 0,
  }
}

/**
 * A restore into an empty store writes every item and every blob once. Its verification reads everything once.
 * `overwrite` writes batches. The other strategies write under a condition, which a batch cannot contain.
 */
export const leastRestore = (sizes: StoredSizes, strategy: 'overwrite' | 'skip' | 'raise_error'): Least => {
  const items = [...sizes.partitions.values()].flat()
  const verification = leastExport(sizes)
  return {
    read_units: verification.read_units,
    write_units: sum(items.map(writeUnits)),
    table_calls: verification.table_calls + (strategy === 'overwrite' ? batches(items) : items.length),
    blob_reads: verification.blob_reads,
    blob_writes: sizes.blobs.length,
  }
}
