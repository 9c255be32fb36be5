import type { Limits } from '../../jobs/limits.ts'

/**
 * Returns the size at which a segment of a converted stream ends: the size of one map item of the restore, or more if
 * the archive would otherwise have too many segments. At most half of the parts of the archive are then whole segments.
 * The other half is for the segments that end early, because their pass ends, or because S3 copies them in two parts.
 */
export const segmentSizeFor = (
  streamBytes: number,
  { rangeBytes, maxParts }: Pick<Limits, 'rangeBytes' | 'maxParts'>,
): number => Math.max(rangeBytes, Math.ceil((2 * streamBytes) / maxParts))
