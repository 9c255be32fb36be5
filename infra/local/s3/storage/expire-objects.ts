import { preconditionFailed, S3Error } from '../http/s3-error.ts'
import type { Expiry } from './expire-old-versions.ts'
import { listObjects } from './listing.ts'
import type { Database } from './database.ts'
import type { MultipartUploads } from './multipart-uploads.ts'
import type { VersionedObjects } from './versioned-objects.ts'

/**
 * Deletes the objects of a bucket that were written before a time. An object that is replaced meanwhile is kept. On
 * AWS, the lifecycle rule of the work bucket in `infra/backup-stores.ts` does the same.
 */
export async function expireObjects(
  database: Database,
  objects: VersionedObjects,
  { bucket, before, signal }: Expiry,
): Promise<void> {
  for await (const [key, { modified }] of listObjects(database, bucket, '')) {
    if (signal?.aborted === true) return
    if (modified >= before) continue
    try {
      await objects.delete(bucket, key, (current) => {
        if (current !== undefined && current.modified >= before) throw preconditionFailed('If-Match-Last-Modified-Time')
      })
    } catch (error) {
      if (!(error instanceof S3Error)) throw error
    }
  }
}

/**
 * Aborts the multipart uploads of a bucket that began before a time. On AWS, every bucket has such a lifecycle rule.
 */
export async function expireUploads(uploads: MultipartUploads, { bucket, before, signal }: Expiry): Promise<void> {
  for (const [uploadId, { started }] of await uploads.list(bucket)) {
    if (signal?.aborted === true) return
    if (started < before) await uploads.abort(uploadId)
  }
}
