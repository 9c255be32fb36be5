import type { Readable } from 'node:stream'
import { ArchiveTruncatedError } from './errors.ts'

/** Reads a stream in pieces whose sizes the caller chooses. Holds at most one unread piece of the stream in memory. */
export class ByteReader {
  readonly #stream: Readable
  readonly #pieces: AsyncIterator<Buffer, undefined>
  #rest: Buffer = Buffer.alloc(0)
  #position = 0

  constructor(stream: Readable) {
    this.#stream = stream
    this.#pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  }

  /** Number of bytes returned so far. */
  get position(): number {
    return this.#position
  }

  /** Returns at least one byte and at most `max` bytes. Throws `ArchiveTruncatedError` if the stream has ended. */
  async readSome(max: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const next = await this.#pieces.next()
      if (next.done === true) throw new ArchiveTruncatedError('it ends inside an entry')
      this.#rest = next.value
    }
    const piece = this.#rest.subarray(0, max)
    this.#rest = this.#rest.subarray(piece.length)
    this.#position += piece.length
    return piece
  }

  /**
   * Returns exactly `length` bytes in one buffer. Throws `ArchiveTruncatedError` if the stream ends earlier. The caller
   * must limit `length`, because the buffer is allocated in memory.
   */
  async read(length: number): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0)
    const first = await this.readSome(length)
    if (first.length === length) return first
    const pieces = [first]
    for (let missing = length - first.length; missing > 0;) {
      const piece = await this.readSome(missing)
      pieces.push(piece)
      missing -= piece.length
    }
    return Buffer.concat(pieces)
  }

  /** Destroys the stream. */
  close(): void {
    this.#stream.destroy()
  }
}
