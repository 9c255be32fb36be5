import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { errorMessage } from '../values/error-message.ts'
import type { ByteReader } from './byte-reader.ts'
import { atByte, EntryCorruptError } from './errors.ts'

/** Reads the content of one entry as a stream. Verifies the checksum at the end of the stream. */
export class EntryContent {
  readonly #reader: ByteReader
  readonly #path: string
  readonly #expected: string
  readonly #offset: number
  readonly #hash = createHash('sha256')
  #left: number
  #isChecked = false
  #failure: Error | undefined
  /** Ends with an `EntryCorruptError` if the checksum is wrong. */
  readonly stream: Readable

  constructor(reader: ByteReader, path: string, size: number, sha256: string) {
    this.#reader = reader
    this.#path = path
    this.#left = size
    this.#expected = sha256
    this.#offset = reader.offset
    this.stream = Readable.from(this.#pieces(), { objectMode: false })
    // `finish` throws the error of the stream. If the caller does not read the stream, this listener prevents that the
    // error ends the process.
    this.stream.on('error', () => undefined)
  }

  /**
   * Reads the rest of the content and verifies the checksum. Throws the error of the stream, or `EntryCorruptError`.
   */
  async finish(): Promise<void> {
    const { stream } = this
    if (!stream.destroyed) stream.destroy()
    if (!stream.closed) await once(stream, 'close')
    if (this.#failure !== undefined) throw this.#failure
    while (this.#left > 0) await this.#next()
    this.#check()
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    try {
      while (this.#left > 0) yield await this.#next()
      this.#check()
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(errorMessage(error), { cause: error })
      throw error
    }
  }

  async #next(): Promise<Buffer> {
    const piece = await this.#reader.readSome(this.#left)
    this.#left -= piece.length
    this.#hash.update(piece)
    return piece
  }

  #check(): void {
    if (this.#isChecked) return
    this.#isChecked = true
    const actual = this.#hash.digest('hex')
    if (actual !== this.#expected) throw atByte(this.#offset, new EntryCorruptError(this.#path, this.#expected, actual))
  }
}
