import pMap from 'p-map'
import { type BucketDigest, decodeBuckets } from '../archive/digest.ts'
import type { ObjectReader } from '../objects/aws/object-reader.ts'
import type { PinnedObject } from '../objects/object.ts'

/**
 * The number of objects that are read at the same time. An archive of a billion resources has more than 10,000
 * segments, each with its own object of digests. Most of the time is latency.
 */
const PARALLEL_READS = 16

/** Returns the digest buckets that objects contain, in the order of the objects. */
export const readBuckets = async (
  objects: Pick<ObjectReader, 'readBytes'>,
  digests: readonly PinnedObject[],
): Promise<BucketDigest[]> => {
  const lists = await pMap(digests, async (object) => decodeBuckets(await objects.readBytes(object, 0, object.size)), {
    concurrency: PARALLEL_READS,
  })
  return lists.flat()
}
