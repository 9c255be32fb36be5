import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { ArchiveJudgement } from './archive-judgement.ts'
import { openScheduledArchive } from './open-scheduled-archive.ts'

/** The store and the bucket of the archives of schedules. */
export interface IntactServices {
  readonly objects: Pick<ObjectStore, 'head' | 'sourceOf'>
  readonly config: { readonly buckets: { readonly archives: string } }
}

/**
 * Returns true if the archive of a judgement exists, can be opened, is complete, and has the same manifest as when it
 * was judged. Reads only the trailer and the manifest.
 */
export const isIntactArchive = async (
  { objects, config }: IntactServices,
  { key, manifest_sha256 }: ArchiveJudgement,
): Promise<boolean> => {
  const found = await objects.head(config.buckets.archives, key)
  if (found === undefined) return false
  // Without its version, the object is read with the same permissions as in the hourly check.
  const { bucket, size, etag } = found
  const opened = await openScheduledArchive(objects, { bucket, key, size, etag })
  return opened?.manifest.complete === true && opened.manifestSha256 === manifest_sha256
}
