import type { Readable } from 'node:stream'
import { ArchiveTruncatedError } from './errors.ts'

/** ResourceFilter bytes off a stream in the amounts that a format asks for. Holds one piece of the stream. */
export class ByteReader {
  readonly #stream: Readable
  readonly #pieces: AsyncIterator<Buffer, undefined>
  #left: Buffer = Buffer.alloc(0)

  constructor(stream: Readable) {
    this.#stream = stream
    this.#pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  }

  /** At least one byte and at most `max`. Throws `ArchiveTruncatedError` where the stream has ended. */
  async some(max: number): Promise<Buffer> {
    while (this.#left.length === 0) {
      const next = await this.#pieces.next()
      if (next.done === true) throw new ArchiveTruncatedError('it ends inside an entry')
      this.#left = next.value
    }
    const piece = this.#left.subarray(0, max)
    this.#left = this.#left.subarray(piece.length)
    return piece
  }

  /** Exactly `length` bytes, which are given memory: the caller has checked the amount. */
  async take(length: number): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0)
    const first = await this.some(length)
    if (first.length === length) return first
    const pieces = [first]
    for (let missing = length - first.length; missing > 0;) {
      const piece = await this.some(missing)
      pieces.push(piece)
      missing -= piece.length
    }
    return Buffer.concat(pieces)
  }

  /** Lets go of the stream, read to its end or not. */
  close(): void {
    this.#stream.destroy()
  }
}
