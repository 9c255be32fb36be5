import type { RestoreRequest } from '../../jobs/job.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { Services } from '../../runtime/services.ts'
import { ArchiveUnavailableError } from '../errors.ts'

/** Exactly one state of the object: its version where the bucket keeps versions, else its ETag. */
export const pinArchive = async ({ objects }: Services, { archive }: RestoreRequest): Promise<PinnedObject> => {
  if (archive === undefined) throw new ArchiveUnavailableError('the upload slot has not been used')
  const { bucket, key, version_id, etag } = archive
  const head = await objects.head(bucket, key, version_id === undefined ? {} : { version_id })
  if (head === undefined || (etag !== undefined && head.etag !== etag))
    throw new ArchiveUnavailableError(`s3://${bucket}/${key} ${head === undefined ? 'is not there' : 'has changed'}`)
  return {
    bucket,
    key,
    size: head.size,
    etag: head.etag,
    ...(head.version_id === undefined ? {} : { version_id: head.version_id }),
  }
}
