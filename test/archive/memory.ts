import { Readable } from 'node:stream'
import type { ArchiveSource } from '../../shared/archive/archive.ts'
import type { SegmentSink } from '../../shared/archive/segment-writer.ts'
import type { ObjectRange } from '../../shared/objects/object.ts'

/** Bytes as a source. Streams return pieces of `slice` bytes, which do not match the blocks of a tar. */
export const memorySource = (bytes: Buffer, slice = 4093): ArchiveSource => ({
  size: bytes.length,
  read: (start, length) => {
    if (start < 0 || length < 0 || start + length > bytes.length)
      return Promise.reject(new RangeError(`no bytes ${start}+${length} in ${bytes.length}`))
    return Promise.resolve(bytes.subarray(start, start + length))
  },
  stream: (start, length) => {
    const slices: Buffer[] = []
    for (let at = start; at < start + length; at += slice)
      slices.push(bytes.subarray(at, Math.min(at + slice, start + length)))
    return Promise.resolve(Readable.from(slices))
  },
})

/** Collects what is written. `objects` are the stored objects by key, of which ranges can be written. */
export class MemorySink implements SegmentSink {
  readonly #pieces: Buffer[] = []
  readonly #objects: ReadonlyMap<string, Buffer>

  constructor(objects: ReadonlyMap<string, Buffer> = new Map()) {
    this.#objects = objects
  }

  bytes(bytes: Uint8Array): Promise<void> {
    this.#pieces.push(Buffer.from(bytes))
    return Promise.resolve()
  }

  object({ object, start, length }: ObjectRange): Promise<void> {
    const bytes = this.#objects.get(object.key)
    if (bytes === undefined) return Promise.reject(new Error(`no object ${object.key}`))
    this.#pieces.push(bytes.subarray(start, start + length))
    return Promise.resolve()
  }

  /** Returns a function that removes what was written after this call. */
  mark(): () => Promise<void> {
    const count = this.#pieces.length
    return () => {
      this.#pieces.length = count
      return Promise.resolve()
    }
  }

  all(): Buffer {
    return Buffer.concat(this.#pieces)
  }
}
