import pMap from 'p-map'
import type { MultipartUpload, UploadedPart } from '../objects/aws/multipart-upload.ts'
import { MAX_PARTS } from '../objects/copied-ranges.ts'
import type { PinnedObject } from '../objects/object.ts'

/** S3 copies a part at roughly 100 MB/s, so a run of ten minutes copies about 1 TB. */
const PARTS_AT_ONCE = 16

/**
 * Returns the size of the parts in which an object of `size` bytes is copied: `partBytes`, or more for large objects.
 */
export const partBytesFor = (size: number, partBytes: number): number =>
  Math.max(partBytes, Math.ceil(size / MAX_PARTS))

/**
 * Copies the parts of an object that the upload does not contain yet, until the time is up. Copies at least one part.
 * Returns all parts of the upload. Throws `ObjectChangedError` if the object was changed.
 */
export const copyParts = async (
  upload: MultipartUpload,
  object: PinnedObject,
  { part_bytes, timeIsUp }: { readonly part_bytes: number; readonly timeIsUp: () => boolean },
): Promise<readonly UploadedPart[]> => {
  const existing = new Map((await upload.listParts()).map((part) => [part.number, part]))
  const ranges = rangesOf(object.size, part_bytes)
  const missing = ranges.filter(({ number, length }) => existing.get(number)?.size !== length)
  const copied = await pMap(
    missing,
    async ({ number, start, length }, index) =>
      index > 0 && timeIsUp() ? [] : [await upload.copyPart(number, { object, start, length })],
    { concurrency: PARTS_AT_ONCE },
  )
  const missingNumbers = new Set(missing.map(({ number }) => number))
  return [...existing.values()].filter(({ number }) => !missingNumbers.has(number)).concat(copied.flat())
}

interface NumberedRange {
  readonly number: number
  readonly start: number
  readonly length: number
}

/** Divides a number of bytes into parts of equal length. The last part may be shorter. */
const rangesOf = (size: number, part: number): readonly NumberedRange[] =>
  Array.from({ length: Math.ceil(size / part) }, (_, index) => ({
    number: index + 1,
    start: index * part,
    length: Math.min(part, size - index * part),
  }))
