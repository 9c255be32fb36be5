import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import type { ByteReader } from './byte-reader.ts'
import { errorMessage } from '../values/error-message.ts'
import { EntryCorruptError } from './errors.ts'

/** One entry's content on its way: hashed as it passes, whoever reads it. */
export class EntryContent {
  readonly #reader: ByteReader
  readonly #path: string
  readonly #expected: string
  readonly #hash = createHash('sha256')
  #left: number
  #checked = false
  #failure: Error | undefined
  /** Ends with `EntryCorruptError` where the checksum is not the one expected. */
  readonly stream: Readable

  constructor(reader: ByteReader, path: string, size: number, sha256: string) {
    this.#reader = reader
    this.#path = path
    this.#left = size
    this.#expected = sha256
    this.stream = Readable.from(this.#pieces(), { objectMode: false })
    // Whoever does not read it still hears of a failure: `finish` throws it.
    this.stream.on('error', () => undefined)
  }

  /** Reads what the consumer has left, and throws where anything was wrong with the content. */
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
    const piece = await this.#reader.some(this.#left)
    this.#left -= piece.length
    this.#hash.update(piece)
    return piece
  }

  #check(): void {
    if (this.#checked) return
    this.#checked = true
    const actual = this.#hash.digest('hex')
    if (actual !== this.#expected) throw new EntryCorruptError(this.#path, this.#expected, actual)
  }
}
