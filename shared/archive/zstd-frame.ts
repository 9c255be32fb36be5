import { must } from '../values/must.ts'

const MAGIC = 0xfd2fb528
const SMALLEST_HEADER = 6

/**
 * Returns the size of the zstd frame with which the bytes begin, without decompressing it (RFC 8878, section 3.1.1).
 * Returns undefined if the bytes do not begin with a complete frame.
 */
export const zstdFrameSize = (bytes: Buffer): number | undefined => {
  if (bytes.length < SMALLEST_HEADER || bytes.readUInt32LE(0) !== MAGIC) return undefined
  const descriptor = bytes.readUInt8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const hasChecksum = (descriptor & 4) !== 0
  const windowBytes = isSingleSegment ? 0 : 1
  const dictionaryBytes = must([0, 1, 2, 4][descriptor & 3])
  const sizeBytes = must([isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6])
  let at = 5 + windowBytes + dictionaryBytes + sizeBytes
  for (let isLast = false; !isLast;) {
    if (at + 3 > bytes.length) return undefined
    const block = bytes.readUIntLE(at, 3)
    isLast = (block & 1) !== 0
    // A block of type 1 repeats one byte.
    at += 3 + (((block >> 1) & 3) === 1 ? 1 : block >> 3)
  }
  const end = at + (hasChecksum ? 4 : 0)
  return end <= bytes.length ? end : undefined
}
