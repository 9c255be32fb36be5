import { z } from 'zod'

/**
 * One immutable state of an S3 object. Reads use its version id or, in a bucket without versions, `If-Match` with its
 * ETag.
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

/** A run of bytes inside a pinned object. */
export interface ObjectRange {
  readonly object: PinnedObject
  readonly start: number
  readonly length: number
}
