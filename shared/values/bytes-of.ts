import { buffersOf } from './buffers-of.ts'

/**
 * Reads a stream to its end and returns its bytes. `size` is the size that they should have. The bytes are copied as
 * they arrive to one buffer of this size, so that they are in memory only once. If the stream has another size, returns
 * all its bytes nevertheless.
 */
export const bytesOf = async (stream: AsyncIterable<unknown>, size: number): Promise<Buffer> => {
  const bytes = Buffer.allocUnsafe(size)
  let length = 0
  const excess: Buffer[] = []
  for await (const piece of buffersOf(stream)) {
    const copied = excess.length > 0 ? 0 : piece.copy(bytes, length)
    length += copied
    if (copied < piece.length) excess.push(piece.subarray(copied))
  }
  return excess.length === 0 ? bytes.subarray(0, length) : Buffer.concat([bytes, ...excess])
}
