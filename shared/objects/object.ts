import { z } from 'zod'

/**
 * One state of an S3 object. A read requests the version id, if the bucket has versioning, and the ETag with
 * `If-Match`. Therefore, the read fails if this state no longer exists.
 */
export const PinnedObject = z
  .object({
    bucket: z.string(),
    key: z.string(),
    size: z.int(),
    etag: z.string(),
    version_id: z.exactOptional(z.string()),
  })
  .readonly()
export type PinnedObject = z.output<typeof PinnedObject>

/** A range of a pinned object. `start` and `length` are in bytes. */
export interface ObjectRange {
  readonly object: PinnedObject
  readonly start: number
  readonly length: number
}
