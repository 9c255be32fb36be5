import type { OpenArchive } from '../../archive/archive.ts'
import { ArchiveInvalidError } from '../../archive/errors.ts'
import { idHashOf } from '../../resources/keys.ts'
import type { SegmentRange } from '../messages/inspect.ts'

interface SizedRange {
  readonly range: SegmentRange
  /** The number of bytes of the archive that are read for the range. 0 if only single resources are read. */
  readonly size: number
}

interface RecordsSegment {
  /** The index of the segment in the manifest. */
  readonly segment: number
  readonly firstHash: string
  readonly lastHash: string
  readonly size: number
}

/**
 * Divides the segments of the given models, in order, into map items of about `rangeBytes` each. If `ids` is given,
 * leaves out the segments that cannot contain any of these resources. Throws `ArchiveInvalidError` if the segments are
 * out of order.
 */
export const planRanges = (
  archive: OpenArchive,
  models: readonly string[],
  ids: readonly string[] | undefined,
  rangeBytes: number,
): SegmentRange[][] => {
  const items: SegmentRange[][] = []
  let item: SegmentRange[] = []
  let bytes = 0
  for (const { range, size } of models.flatMap((model) => rangesOf(archive, model, ids))) {
    if (item.length > 0 && bytes + size > rangeBytes) {
      items.push(item)
      item = []
      bytes = 0
    }
    item.push(range)
    bytes += size
  }
  if (item.length > 0) items.push(item)
  return items
}

/**
 * Returns one range for each segment of a model. Without `ids`, every sort key of the target is in one of the ranges.
 */
const rangesOf = (archive: OpenArchive, model: string, ids: readonly string[] | undefined): SizedRange[] => {
  const segments = segmentsOf(archive, model)
  const idHashes = ids?.map(idHashOf)
  if (segments.length === 0) return idHashes === undefined ? [{ range: { model }, size: 0 }] : []
  return segments.flatMap(({ segment, firstHash, lastHash, size }, k) => {
    if (idHashes !== undefined && !idHashes.some((h) => firstHash <= h && h <= lastHash)) return []
    const previous = segments[k - 1]
    const isLast = k === segments.length - 1
    const range: SegmentRange = {
      model,
      segment,
      ...(previous === undefined ? {} : { after: endOf(previous.lastHash) }),
      ...(isLast ? {} : { up_to: endOf(lastHash) }),
    }
    return [{ range, size: idHashes === undefined ? size : 0 }]
  })
}

/**
 * Returns a string that sorts after all sort keys with this id hash. `g` sorts after every hex digit and after `/`.
 */
const endOf = (idHash: string): string => `${idHash}g`

/**
 * Returns the segments of a model. Throws `ArchiveInvalidError` if the segments are out of order, or if two segments
 * contain the same digest bucket.
 */
const segmentsOf = (archive: OpenArchive, model: string): RecordsSegment[] => {
  const segments = archive.segments.flatMap((one, segment) =>
    one.model === model
      ? [{ segment, firstHash: stated(one.first_h, segment), lastHash: stated(one.last_h, segment), size: one.size }]
      : [],
  )
  for (const [k, { segment, firstHash, lastHash }] of segments.entries()) {
    const previous = segments[k - 1]
    const isOrdered =
      firstHash <= lastHash && (previous === undefined || previous.lastHash.slice(0, 4) < firstHash.slice(0, 4))
    if (!isOrdered)
      throw new ArchiveInvalidError(
        `segment ${segment} of model ${model} (${firstHash} to ${lastHash}) must begin with a new digest bucket, after the previous ` +
          'segment of the model',
      )
  }
  return segments
}

const stated = (h: string | undefined, segment: number): string => {
  if (h === undefined) throw new ArchiveInvalidError(`segment ${segment} contains records but has no first_h or last_h`)
  return h
}
