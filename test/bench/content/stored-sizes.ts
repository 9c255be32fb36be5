import { itemBytes } from '../../../shared/resources/item-size.ts'
import type { ModelRegistry } from '../../../shared/resources/models.ts'
import { keyOf } from '../../../shared/tables/item.ts'
import type { Size } from './data-sets.ts'
import { itemsOf, MODEL, sampleOf } from './sample.ts'

/** The sizes of everything that a store contains, from which the least possible requests and units follow. */
export interface StoredSizes {
  /** The sizes of the items of each partition, in bytes, as DynamoDB counts them. */
  readonly partitions: ReadonlyMap<string, readonly number[]>
  /** The sizes of the blobs, in bytes. */
  readonly blobs: readonly number[]
  readonly resources: number
}

export const storedSizes = (models: ModelRegistry, size: Size): StoredSizes => {
  const partitions = new Map<string, number[]>()
  for (const sample of sampleOf(models, size))
    for (const item of itemsOf(models.get(MODEL), sample)) {
      const { pk } = keyOf(item)
      const sizes = partitions.get(pk)
      if (sizes === undefined) partitions.set(pk, [itemBytes(item)])
      else sizes.push(itemBytes(item))
    }
  return {
    partitions,
    blobs: Array.from({ length: size.blobs }, () => size.blobBytes),
    resources: size.resources,
  }
}

/** The bytes of the attribute `applied_by`, which a restore adds to each item: the name and the id of the job. */
const APPLIED_BY_BYTES = 46

/** The sizes of the same items after a restore. */
export const restoredSizes = (sizes: StoredSizes): StoredSizes => ({
  ...sizes,
  partitions: new Map(
    [...sizes.partitions].map(([partition, items]) => [partition, items.map((bytes) => bytes + APPLIED_BY_BYTES)]),
  ),
})

/** The total size of items and blobs, in bytes. */
export const totalBytes = ({ partitions, blobs }: StoredSizes): number =>
  sum([...partitions.values()].map(sum)) + sum(blobs)

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
