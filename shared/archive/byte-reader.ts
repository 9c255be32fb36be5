import type { Readable } from 'node:stream'
import { ArchiveTruncatedError, atByte } from './errors.ts'

/** Reads a stream in pieces whose sizes the caller chooses. Holds at most one unread piece of the stream in memory. */
export class ByteReader {
  readonly #stream: Readable
  readonly #pieces: AsyncIterator<Buffer, undefined>
  #rest: Buffer = Buffer.alloc(0)
  readonly #start: number
  #position = 0

  /** `start` is the byte of the archive at which the stream begins. */
  constructor(stream: Readable, start = 0) {
    this.#stream = stream
    this.#start = start
    this.#pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  }

  /** Number of bytes returned so far. */
  get position(): number {
    return this.#position
  }

  /** The byte of the archive at which the next read begins. */
  get offset(): number {
    return this.#start + this.#position
  }

  /** Returns at least one byte and at most `max` bytes. Throws `ArchiveTruncatedError` if the stream has ended. */
  async readSome(max: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const next = await this.#pieces.next()
      if (next.done === true) throw atByte(this.offset, new ArchiveTruncatedError('it ends inside an entry'))
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
