import type { ArchiveSource } from '../archive/archive.ts'

/**
 * The default size of one read, in bytes. It is so large that the latency of a request is short compared with the
 * transfer. Two such pieces fit into the memory of a worker.
 */
const PIECE_BYTES = 4 * 1024 * 1024

/** An object that is read in ranges. */
export type ByteSource = Pick<ArchiveSource, 'size' | 'read'>

/** Reads a source sequentially, in pieces of a fixed size. Requests the next piece in advance. */
export class StreamWindow {
  readonly #source: ByteSource
  readonly #pieceBytes: number
  /** Bytes that were read from the source but have not been returned. */
  #buffer: Buffer = Buffer.alloc(0)
  #nextPiece: Promise<Buffer> | undefined
  /** The offset of the first byte that has not been requested. */
  #requestedTo: number
  #offset: number

  constructor(source: ByteSource, offset = 0, pieceBytes = PIECE_BYTES) {
    this.#source = source
    this.#pieceBytes = pieceBytes
    this.#offset = offset
    this.#requestedTo = offset
  }

  /** The offset of the next byte in the source. */
  get offset(): number {
    return this.#offset
  }

  /** The number of bytes up to the end of the source. */
  get remaining(): number {
    return this.#source.size - this.#offset
  }

  /** Returns the next `length` bytes in one buffer. Throws `RangeError` if fewer bytes remain. */
  async read(length: number): Promise<Buffer> {
    if (this.#buffer.length >= length) return this.#take(length)
    const pieces: Buffer[] = []
    for await (const piece of this.readPieces(length)) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  /** Returns the next `length` bytes, piece by piece. Throws `RangeError` if fewer bytes remain. */
  async *readPieces(length: number): AsyncGenerator<Buffer> {
    for (let remaining = length; remaining > 0;) {
      const piece = await this.#readPiece(remaining)
      remaining -= piece.length
      yield piece
    }
  }

  /** Skips all bytes before `offset`. The skipped bytes are read, because reads are sequential. */
  async skipTo(offset: number): Promise<void> {
    while (this.#offset < offset) await this.#readPiece(offset - this.#offset)
  }

  async #readPiece(maxLength: number): Promise<Buffer> {
    if (this.#buffer.length === 0) this.#buffer = await this.#fill()
    return this.#take(Math.min(maxLength, this.#buffer.length))
  }

  #take(length: number): Buffer {
    const bytes = this.#buffer.subarray(0, length)
    this.#buffer = this.#buffer.subarray(length)
    this.#offset += length
    return bytes
  }

  async #fill(): Promise<Buffer> {
    const piece = await (this.#nextPiece ?? this.#request())
    this.#nextPiece = this.#requestedTo < this.#source.size ? this.#request() : undefined
    // The next call awaits this promise and throws its error. If the read fails earlier, this handler prevents an
    // unhandled rejection, which would end the process.
    this.#nextPiece?.catch(() => undefined)
    if (piece.length === 0) throw new RangeError(`the read continues after the last byte, ${this.#source.size}`)
    return piece
  }

  #request(): Promise<Buffer> {
    const start = this.#requestedTo
    const length = Math.min(this.#pieceBytes, this.#source.size - start)
    this.#requestedTo += length
    return this.#source.read(start, length)
  }
}
