import { equalRanges } from '../values/equal-ranges.ts'

/** S3's limit on the parts of one upload. */
export const MAX_PARTS = 10_000
/** The number of parts that the headers, the padding and the index of a segment with one blob need at most. */
const OTHER_PARTS = 10

/**
 * Returns the size of the copied parts of a blob: `partBytes`, or more if the blob would otherwise need too many parts.
 */
export const copiedPartBytes = (blobBytes: number, partBytes: number): number =>
  Math.max(partBytes, Math.ceil(blobBytes / (MAX_PARTS - OTHER_PARTS)))

/** Returns the ranges of a large blob that S3 copies as one part each. They are equal, and have about `partBytes`. */
export const copiedRanges = (blobBytes: number, partBytes: number): ReturnType<typeof equalRanges> =>
  equalRanges(blobBytes, copiedPartBytes(blobBytes, partBytes))
