import type { ObjectStore } from './aws/object-store.ts'
import type { ObjectRange } from './object.ts'
import { type Part, PartLayout, type Slice } from './part-layout.ts'

/** The source of a slice of a part: bytes in memory, or a range of an object. */
export type PartSource = { readonly bytes: Uint8Array } | { readonly range: ObjectRange }

/** S3's limit on the parts of one upload. */
const MAX_PARTS = 10_000
/** The number of parts that the headers, the padding and the index of a segment with one blob need at most. */
const OTHER_PARTS = 10

/**
 * Returns the size of the copied parts of a blob: `partBytes`, or more if the blob would otherwise need too many parts.
 */
export const copiedPartBytes = (blobBytes: number, partBytes: number): number =>
  Math.max(partBytes, Math.ceil(blobBytes / (MAX_PARTS - OTHER_PARTS)))

/** Divides a range into equal parts of about `partBytes`, which S3 copies. The upload has at most 10,000 parts. */
export const copyParts = (range: ObjectRange, partBytes: number): Part<PartSource>[] => {
  const max = copiedPartBytes(range.length, partBytes)
  const layout = new PartLayout<PartSource>({ min: 0, big: 0, flush: 0, max })
  return layout.add({ size: range.length, source: { range }, copyable: true })
}

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
