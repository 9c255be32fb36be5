import type { ArchiveSource } from '../archive/archive.ts'

/** What is read at once by default: the latency of a request costs little, and two of them are small beside a worker's memory. */
const PIECE_BYTES = 4 * 1024 * 1024

/** What is read in small ranges only. */
export type ByteSource = Pick<ArchiveSource, 'size' | 'read'>

/** Reads an archive from one place on, in pieces that are each asked for again where they break off; one is read ahead. */
export class StreamWindow {
  readonly #source: ByteSource
  readonly #pieceBytes: number
  #held: Buffer = Buffer.alloc(0)
  #next: Promise<Buffer> | undefined
  /** Where the bytes that are not held or under way begin. */
  #ahead: number
  #at: number

  constructor(source: ByteSource, at = 0, pieceBytes = PIECE_BYTES) {
    this.#source = source
    this.#pieceBytes = pieceBytes
    this.#at = at
    this.#ahead = at
  }

  /** The place of the next byte. */
  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#source.size - this.#at
  }

  /** Exactly `length` bytes, which are given memory. The caller has compared the amount with `left`. */
  async take(length: number): Promise<Buffer> {
    if (this.#held.length >= length) return this.#cut(length)
    const pieces: Buffer[] = []
    for await (const piece of this.pieces(length)) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  /** The next `length` bytes, piece by piece. */
  async *pieces(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0;) {
      if (this.#held.length === 0) await this.#fill()
      const piece = this.#cut(Math.min(left, this.#held.length))
      left -= piece.length
      yield piece
    }
  }

  #cut(length: number): Buffer {
    const piece = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length)
    this.#at += length
    return piece
  }

  async #fill(): Promise<void> {
    const held = await (this.#next ?? this.#read())
    this.#next = this.#ahead < this.#source.size ? this.#read() : undefined
    // Awaited with the next piece; until then a rejection must not end the process.
    this.#next?.catch(() => undefined)
    if (held.length === 0) throw new RangeError('a read past the end')
    this.#held = held
  }

  #read(): Promise<Buffer> {
    const start = this.#ahead
    const length = Math.min(this.#pieceBytes, this.#source.size - start)
    this.#ahead += length
    return this.#source.read(start, length)
  }
}
