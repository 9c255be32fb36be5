import pMap from 'p-map'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'

const MIB = 1024 * 1024
/** An object of this size or less passes through this process. S3 copies larger objects itself. */
const SMALL = 16 * MIB
const PART = 128 * MIB
/** S3's limit on the number of parts. */
const MAX_PARTS = 10_000
/** S3 copies a part at roughly 100 MB/s. The parts of an archive of a terabyte take about ten minutes. */
const PARTS_AT_ONCE = 16

/**
 * Copies an object to a bucket that may be in another region. Throws `ObjectChangedError` if the object changes while it
 * is being copied.
 */
export const copyObject = async (
  { objects, copies }: { readonly objects: ObjectStore; readonly copies: ObjectStore },
  object: PinnedObject,
  { bucket, key }: { readonly bucket: string; readonly key: string },
): Promise<void> => {
  if (object.size <= SMALL) {
    await copies.put(bucket, key, await objects.readBytes(object, 0, object.size))
    return
  }
  const upload = await copies.multipart(bucket, key)
  try {
    await pMap(
      rangesOf(object.size),
      ({ start, length }, index) => upload.copyPart(index + 1, { object, start, length }),
      {
        concurrency: PARTS_AT_ONCE,
      },
    )
    await upload.complete()
  } catch (error) {
    await upload.abort()
    throw error
  }
}

/** Divides a number of bytes into parts of equal length. The last part may be shorter. */
const rangesOf = (size: number): readonly { readonly start: number; readonly length: number }[] => {
  const part = Math.max(PART, Math.ceil(size / MAX_PARTS))
  return Array.from({ length: Math.ceil(size / part) }, (_, index) => ({
    start: index * part,
    length: Math.min(part, size - index * part),
  }))
}
