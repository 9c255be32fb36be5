import type { ObjectStore } from './aws/object-store.ts'
import type { ObjectRange } from './object.ts'
import { copiedRanges } from './copied-ranges.ts'
import type { Part, Slice } from './part-layout.ts'

/** The source of a slice of a part: bytes in memory, or a range of an object. */
export type PartSource = { readonly bytes: Uint8Array } | { readonly range: ObjectRange }

/** Divides a range into equal parts of about `partBytes`, which S3 copies (`copiedRanges`). */
export const copyParts = (range: ObjectRange, partBytes: number): Part<PartSource>[] =>
  copiedRanges(range.length, partBytes).map(({ start, length }) => ({
    kind: 'copy',
    slice: { source: { range }, start, length },
    size: length,
  }))

/** Returns the range that a copied part consists of. */
export const copiedRange = ({ source, start, length }: Slice<PartSource>): ObjectRange => {
  if (!('range' in source)) throw new Error('only ranges of objects can be copied')
  return { object: source.range.object, start: source.range.start + start, length }
}

/** Returns the bytes of a part that is uploaded. Reads those that are ranges of objects. */
export const partBytes = async (
  objects: Pick<ObjectStore, 'readBytes'>,
  { slices }: Part<PartSource> & { readonly kind: 'upload' },
): Promise<Buffer> => {
  const bytes: Uint8Array[] = []
  for (const { source, start, length } of slices)
    bytes.push(
      'bytes' in source
        ? source.bytes.subarray(start, start + length)
        : await objects.readBytes(source.range.object, source.range.start + start, length),
    )
  const [only, ...others] = bytes
  // Most parts of a run are one piece, which need not be copied.
  if (only !== undefined && others.length === 0) return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
  return Buffer.concat(bytes)
}
