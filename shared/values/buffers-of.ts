/**
 * Yields the pieces of a stream whose TypeScript type does not guarantee buffers. Throws `TypeError` if a piece is not
 * a buffer.
 */
export async function* buffersOf(stream: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const piece of stream) {
    if (!Buffer.isBuffer(piece)) throw new TypeError('the stream must consist of buffers')
    yield piece
  }
}
