import type { OpenArchive } from '../../archive/archive.ts'
import { ArchiveInvalidError } from '../../archive/errors.ts'
import type { Limits } from '../../jobs/limits.ts'
import { idHashOf } from '../../resources/keys.ts'
import { must } from '../../values/must.ts'
import type { SegmentRange } from '../messages/inspect.ts'

type RangeLimits = Pick<Limits, 'rangeBytes' | 'groupBytes'>

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
  readonly unpackedSize: number
}

/**
 * Divides the segments of the given models, in order, into ranges, and the ranges into map items of about `rangeBytes`
 * each. Small segments share a range, because each range becomes a map item of the later stages. If `ids` is given,
 * leaves out the segments that cannot contain any of these resources. Throws `ArchiveInvalidError` if the segments are
 * out of order.
 */
export const planRanges = (
  archive: OpenArchive,
  models: readonly string[],
  ids: readonly string[] | undefined,
  limits: RangeLimits,
): SegmentRange[][] => {
  const items: SegmentRange[][] = []
  let item: SegmentRange[] = []
  let bytes = 0
  for (const { range, size } of models.flatMap((model) => rangesOf(archive, model, ids, limits))) {
    if (item.length > 0 && bytes + size > limits.rangeBytes) {
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
 * Returns the ranges of a model. Every sort key of the target is in one of the ranges, unless `ids` is given and no
 * segment can contain one of the resources.
 */
const rangesOf = (
  archive: OpenArchive,
  model: string,
  ids: readonly string[] | undefined,
  limits: RangeLimits,
): SizedRange[] => {
  const segments = segmentsOf(archive, model)
  const idHashes = ids?.map(idHashOf)
  if (segments.length === 0) return idHashes === undefined ? [{ range: { model }, size: 0 }] : []
  const selected = segments.filter(
    ({ firstHash, lastHash }) => idHashes?.some((h) => firstHash <= h && h <= lastHash) !== false,
  )
  const groups = groupsOf(selected, limits)
  return groups.map((group, k) => {
    const [first, last] = [must(group[0]), must(group.at(-1))]
    const previous = groups[k - 1]?.at(-1)
    const isLast = k === groups.length - 1
    const range: SegmentRange = {
      model,
      segments: { first: first.segment, last: last.segment },
      ...(previous === undefined ? {} : { after: endOf(previous.lastHash) }),
      ...(isLast ? {} : { up_to: endOf(last.lastHash) }),
    }
    return { range, size: idHashes === undefined ? group.reduce((sum, { size }) => sum + size, 0) : 0 }
  })
}

/**
 * Groups segments, in order. A group of several segments has at most `groupBytes`, uncompressed, and at most
 * `rangeBytes` as stored.
 */
const groupsOf = (segments: readonly RecordsSegment[], { rangeBytes, groupBytes }: RangeLimits): RecordsSegment[][] => {
  const groups: RecordsSegment[][] = []
  let [stored, unpacked] = [0, 0]
  for (const segment of segments) {
    stored += segment.size
    unpacked += segment.unpackedSize
    const group = groups.at(-1)
    if (group !== undefined && stored <= rangeBytes && unpacked <= groupBytes) group.push(segment)
    else {
      groups.push([segment])
      stored = segment.size
      unpacked = segment.unpackedSize
    }
  }
  return groups
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
      ? [
          {
            segment,
            firstHash: stated(one.first_h, segment),
            lastHash: stated(one.last_h, segment),
            size: one.size,
            unpackedSize: one.unpacked_size,
          },
        ]
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
