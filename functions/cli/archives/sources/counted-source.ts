import { Readable } from 'node:stream'
import { buffersOf } from '../../../../shared/values/buffers-of.ts'
import type { OpenSource } from './source.ts'

/** Counts the requests to a source, and the bytes that it has returned. */
export class CountedSource implements OpenSource {
  readonly size: number
  readonly #source: OpenSource
  #bytes = 0
  #requests = 0

  constructor(source: OpenSource) {
    this.size = source.size
    this.#source = source
  }

  get bytes(): number {
    return this.#bytes
  }

  get requests(): number {
    return this.#requests
  }

  async read(start: number, length: number): Promise<Buffer> {
    this.#requests += 1
    const bytes = await this.#source.read(start, length)
    this.#bytes += bytes.length
    return bytes
  }

  async stream(start: number, length: number): Promise<Readable> {
    this.#requests += 1
    const stream = await this.#source.stream(start, length)
    return Readable.from(this.#count(stream), { objectMode: false })
  }

  close(): Promise<void> {
    return this.#source.close()
  }

  async *#count(stream: Readable): AsyncGenerator<Buffer> {
    for await (const piece of buffersOf(stream)) {
      this.#bytes += piece.length
      yield piece
    }
  }
}
