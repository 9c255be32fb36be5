import { type Part, PartLayout, type Slice } from './part-layout.ts'
import type { MultipartUpload, UploadedPart } from './aws/multipart-upload.ts'
import type { ObjectRange, PinnedObject } from './object.ts'
import type { ObjectStore } from './aws/object-store.ts'
import type { WriteOptions } from './aws/stored-object.ts'

type Source = { readonly bytes: Uint8Array } | { readonly range: ObjectRange }

const MIB = 1024 * 1024

/** A worker holds few bytes: parts of 8 MiB, where the archive's own composing makes them of 32. */
const LAYOUT = { min: 5 * MIB, big: 16 * MIB, flush: 8 * MIB, max: 5 * 1024 * MIB }
/** Two parts under way hide the latency of an upload; each holds at most 13 MiB. */
const PARALLEL_PARTS = 2

/**
 * Lays pieces end to end into one object: bytes as they come, and ranges of large objects that S3 copies itself. What
 * stays small is one PUT. Memory is bounded: `bytes` and `object` wait while two parts are under way.
 */
export class Composer {
  readonly #objects: ObjectStore
  readonly #bucket: string
  readonly #key: string
  readonly #options: WriteOptions
  readonly #layout = new PartLayout<Source>(LAYOUT)
  readonly #underWay = new Set<Promise<void>>()
  readonly #parts: UploadedPart[] = []
  #upload: Promise<MultipartUpload> | undefined
  #next = 1
  #failure: { readonly error: unknown } | undefined

  constructor(objects: ObjectStore, bucket: string, key: string, options: WriteOptions = {}) {
    this.#objects = objects
    this.#bucket = bucket
    this.#key = key
    this.#options = options
  }

  /** Appends bytes. They must not change afterwards. Throws what an earlier part failed with. */
  async bytes(bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength === 0) return
    await this.#put(this.#layout.add({ size: bytes.byteLength, source: { bytes }, copyable: false }))
  }

  /** Appends a range of an object: a large one is copied by S3, a small one is read. Throws `ObjectChangedError`. */
  async object(range: ObjectRange): Promise<void> {
    if (range.length === 0) return
    await this.#put(this.#layout.add({ size: range.length, source: { range }, copyable: true }))
  }

  /** Makes the object. */
  async finish(): Promise<PinnedObject> {
    const rest = this.#layout.end()
    const [only] = rest
    // The upload itself begins only when its first part is gathered: whether there is one, the parts' numbers tell.
    if (this.#next === 1 && only?.kind !== 'copy') {
      const body = only === undefined ? Buffer.alloc(0) : await this.#bytesOf(only)
      return this.#objects.put(this.#bucket, this.#key, body, this.#options)
    }
    await this.#put(rest)
    await this.#settle()
    this.#throwFailure()
    return (await this.#begin()).complete({ parts: this.#parts })
  }

  /** Leaves nothing behind of an object that is not to be finished. After `finish` it changes nothing. */
  async abort(): Promise<void> {
    await this.#settle()
    const upload = await this.#upload?.catch(() => undefined)
    await upload?.abort()
  }

  async #put(parts: readonly Part<Source>[]): Promise<void> {
    for (const part of parts) {
      while (this.#underWay.size >= PARALLEL_PARTS) await Promise.race(this.#underWay)
      this.#throwFailure()
      const number = this.#next++
      // What an upload was put together from is let go before it travels: else each part would be held twice.
      const made = part.kind === 'upload' ? this.#send(this.#bytesOf(part), number) : this.#copy(part.slice, number)
      const work: Promise<void> = made
        .catch((error: unknown) => {
          this.#failure ??= { error }
        })
        .finally(() => this.#underWay.delete(work))
      this.#underWay.add(work)
    }
    this.#throwFailure()
  }

  async #send(gathered: Promise<Buffer>, number: number): Promise<void> {
    const bytes = await gathered
    this.#parts.push(await (await this.#begin()).uploadPart(number, bytes))
  }

  async #copy({ source, start, length }: Slice<Source>, number: number): Promise<void> {
    if (!('range' in source)) throw new Error('only ranges of objects are copied')
    const { object, start: from } = source.range
    this.#parts.push(await (await this.#begin()).copyPart(number, { object, start: from + start, length }))
  }

  #begin(): Promise<MultipartUpload> {
    this.#upload ??= this.#objects.multipart(this.#bucket, this.#key, this.#options)
    return this.#upload
  }

  async #bytesOf(part: Part<Source> & { readonly kind: 'upload' }): Promise<Buffer> {
    const slices: Uint8Array[] = []
    for (const { source, start, length } of part.slices) {
      slices.push(
        'bytes' in source
          ? source.bytes.subarray(start, start + length)
          : await this.#objects.readBytes(source.range.object, source.range.start + start, length),
      )
    }
    return Buffer.concat(slices)
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return
    const { error } = this.#failure
    throw error instanceof Error ? error : new Error('a part could not be written', { cause: error })
  }
}
