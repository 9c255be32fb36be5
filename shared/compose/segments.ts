import * as z from 'zod'
import { PinnedObject } from '../objects/object.ts'

const SegmentSummary = z.object({
  size: z.int(),
  model: z.exactOptional(z.string()),
  first_h: z.exactOptional(z.string()),
  last_h: z.exactOptional(z.string()),
  frame_sha256: z.string(),
  unpacked_size: z.int(),
  index: z.object({ offset: z.int(), size: z.int(), sha256: z.string(), unpacked_size: z.int() }).readonly(),
})

/**
 * A segment that a pass wrote to the work bucket. `summary` describes the segment as the manifest does, but with
 * offsets from the start of the segment.
 */
export const WrittenSegment = z.object({ object: PinnedObject, summary: SegmentSummary.readonly() }).readonly()
export type WrittenSegment = z.output<typeof WrittenSegment>

/** A segment of records. All its records belong to `model`. */
export const RecordsSegment = z
  .object({
    ...WrittenSegment.unwrap().shape,
    model: z.string(),
    resources: z.int(),
    revisions: z.int(),
    /** An object that contains the result of `encodeBuckets` for the buckets of the segment. */
    digests: PinnedObject,
  })
  .readonly()
export type RecordsSegment = z.output<typeof RecordsSegment>

/** A run of records of a SpecStar stream. All its records belong to the section of `model`. */
export const RecordsPiece = z
  .object({
    object: PinnedObject,
    model: z.string(),
    /** The id hash of the first resource of the run. */
    first_h: z.string(),
    resources: z.int(),
    revisions: z.int(),
  })
  .readonly()
export type RecordsPiece = z.output<typeof RecordsPiece>
