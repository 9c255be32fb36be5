import type { PinnedObject } from '../objects/object.ts'

/**
 * An archive that its last check has found damaged. Objects with the same ETag have the same bytes, so the version id
 * is not compared: lists of objects do not contain it.
 */
export type DamagedArchive = Pick<PinnedObject, 'bucket' | 'key' | 'etag'>

/** Returns true if one of the damaged archives has the same content as an object. */
export const isDamaged = (damaged: readonly DamagedArchive[], { bucket, key, etag }: DamagedArchive): boolean =>
  damaged.some((one) => one.bucket === bucket && one.key === key && one.etag === etag)
