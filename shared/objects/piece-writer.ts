import type { Composer } from './composer.ts'

/** The size of a piece. It is the size of the parts that a composer uploads, so that no part must be copied. */
const PIECE_BYTES = 8 * 1024 * 1024

/**
 * Passes many small pieces of bytes to a composer as few large ones. A call of the composer for each small piece would
 * be slow.
 */
export class PieceWriter {
  readonly #composer: Pick<Composer, 'bytes'>
  readonly #pieceBytes: number
  #piece: Buffer
  #length = 0

  constructor(composer: Pick<Composer, 'bytes'>, pieceBytes = PIECE_BYTES) {
    this.#composer = composer
    this.#pieceBytes = pieceBytes
    this.#piece = Buffer.allocUnsafe(pieceBytes)
  }

  /** Appends bytes, which are copied. Returns a promise only if the composer must be awaited. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#length + bytes.length < this.#pieceBytes) {
      this.#piece.set(bytes, this.#length)
      this.#length += bytes.length
      return undefined
    }
    return this.#fill(bytes)
  }

  /** Passes the rest to the composer. */
  async end(): Promise<void> {
    await this.#composer.bytes(this.#piece.subarray(0, this.#length))
    this.#length = 0
  }

  async #fill(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      const copied = rest.subarray(0, this.#pieceBytes - this.#length)
      this.#piece.set(copied, this.#length)
      this.#length += copied.length
      rest = rest.subarray(copied.length)
      if (this.#length < this.#pieceBytes) continue
      const full = this.#piece
      this.#piece = Buffer.allocUnsafe(this.#pieceBytes)
      this.#length = 0
      await this.#composer.bytes(full)
    }
  }
}
