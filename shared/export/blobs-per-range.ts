import pMap from 'p-map'
import type { BlobReferenceList } from '../blobs/blob-reference-list.ts'
import { sampleBlobReferences } from '../blobs/blob-references.ts'
import { BlobTooLargeError } from '../blobs/errors.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { Limits } from '../jobs/limits.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'

/** The number of blobs whose sizes are read. With 16 requests at the same time, this takes less than 0.1 s. */
const SAMPLE = 32
const PARALLEL_REQUESTS = 16

interface BlobsEstimate {
  readonly perRange: number
  /** The number of all blobs to which the records refer. */
  readonly blobs: number
}

/**
 * Returns the number of blobs of one map item of `export-blobs`, so that a map item has about `bytesPerRange` bytes and
 * at most `blobsPerRange` blobs. Also estimates the number of all blobs. The references do not contain the sizes of
 * blobs. They are estimated from a sample, which is random because blobs are sorted by a hash.
 *
 * Throws `BlobTooLargeError` if a blob of the sample is too large, so that an export of few blobs fails before it
 * copies any of them. `export-blobs` checks the other blobs.
 */
export const blobsPerRange = async (
  { objects, blobs }: { readonly objects: ObjectStore; readonly blobs: BlobStore },
  lists: readonly BlobReferenceList[],
  limits: Pick<Limits, 'blobsPerRange' | 'bytesPerRange' | 'maxBlobBytes'>,
): Promise<BlobsEstimate> => {
  const { references: sample, blobs: total } = await sampleBlobReferences(objects, lists, SAMPLE)
  const sizes = await pMap(sample, async ({ id }) => sizeOf(blobs, id, limits), { concurrency: PARALLEL_REQUESTS })
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  const fitting = Math.floor((limits.bytesPerRange * sizes.length) / bytes)
  const perRange = bytes === 0 ? limits.blobsPerRange : Math.min(Math.max(1, fitting), limits.blobsPerRange)
  return { perRange, blobs: total }
}

/** Returns the size of a blob, or 0 if it does not exist. */
const sizeOf = async (
  blobs: BlobStore,
  id: string,
  { maxBlobBytes }: Pick<Limits, 'maxBlobBytes'>,
): Promise<number> => {
  const size = (await blobs.head(id))?.object.size ?? 0
  if (size > maxBlobBytes) throw new BlobTooLargeError(id, size, maxBlobBytes)
  return size
}
