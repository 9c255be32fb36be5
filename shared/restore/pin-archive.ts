import type { ArchiveLocation } from '../jobs/job-request.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { ArchiveUnavailableError } from './errors.ts'

/**
 * Returns the requested archive with its version id and ETag, so that all stages read the same bytes. Without
 * versioning in the bucket, only the ETag identifies the version. Throws `ArchiveUnavailableError` if the archive does
 * not exist or was replaced.
 */
export const pinArchive = async (
  { objects }: { readonly objects: ObjectStore },
  { archive }: { readonly archive?: ArchiveLocation },
): Promise<PinnedObject> => {
  if (archive === undefined) throw new ArchiveUnavailableError('no archive was uploaded to the slot of this restore')
  const { bucket, key, version_id, etag } = archive
  const head = await objects.head(bucket, key, version_id === undefined ? {} : { version_id })
  if (head === undefined) throw new ArchiveUnavailableError(`the archive s3://${bucket}/${key} does not exist`)
  if (etag !== undefined && head.etag !== etag)
    throw new ArchiveUnavailableError(`the archive s3://${bucket}/${key} was replaced after the job was requested`)
  return {
    bucket,
    key,
    size: head.size,
    etag: head.etag,
    ...(head.version_id === undefined ? {} : { version_id: head.version_id }),
  }
}
