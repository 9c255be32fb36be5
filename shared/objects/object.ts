import * as z from 'zod'

/**
 * One version of an S3 object. A read sends the ETag in `If-Match` and, if the bucket has versioning, the version id.
 * The read therefore fails if this version no longer exists.
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
