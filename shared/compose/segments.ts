import { z } from 'zod'
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
 * A segment that a pass wrote to the work bucket, and its row of the manifest (with offsets from the segment's start).
 */
export const WrittenSegment = z.object({ object: PinnedObject, summary: SegmentSummary.readonly() }).readonly()
export type WrittenSegment = z.output<typeof WrittenSegment>

/** A segment of records. All of them belong to one model. */
export const RecordsSegment = z
  .object({
    ...WrittenSegment.unwrap().shape,
    model: z.string(),
    resources: z.int(),
    revisions: z.int(),
    /** The digests of the segment's digest buckets, 36 bytes each. */
    digests: PinnedObject,
  })
  .readonly()
export type RecordsSegment = z.output<typeof RecordsSegment>

/** A run of records of SpecStar's stream. All of them belong to one model's section. */
export const RecordsPiece = z
  .object({
    object: PinnedObject,
    model: z.string(),
    /** The hash key of its first resource. */
    first_h: z.string(),
    resources: z.int(),
    revisions: z.int(),
  })
  .readonly()
export type RecordsPiece = z.output<typeof RecordsPiece>
