import { type Part, PartLayout, type Slice } from './part-layout.ts'
import { copiedRange, partBytes, type PartSource } from './part-source.ts'
import type { MultipartUpload, UploadedPart } from './aws/multipart-upload.ts'
import type { ObjectRange, PinnedObject } from './object.ts'
import type { ObjectStore } from './aws/object-store.ts'
import type { WriteOptions } from './aws/stored-object.ts'

const MIB = 1024 * 1024

/**
 * The layout of the parts. Uploaded parts have 8 MiB instead of the 32 MiB of `LAYOUT_LIMITS`, because workers have
 * little memory.
 */
const LAYOUT = { min: 5 * MIB, big: 16 * MIB, flush: 8 * MIB, max: 5 * 1024 * MIB }
/**
 * The number of parts that are uploaded at the same time. With two parts, the latency of one request does not stop the
 * other upload. Each part takes at most 13 MiB of memory (`flush` + `min`).
 */
const PARALLEL_PARTS = 2

/**
 * Writes one object from bytes and from ranges of other objects. S3 copies large ranges, so they are not downloaded. A
 * small object is written with a single PUT request.
 *
 * `bytes` and `object` wait while two parts are being uploaded, which limits the memory. After an error, the caller
 * must call `abort`.
 */
export class Composer {
  readonly #objects: ObjectStore
  readonly #bucket: string
  readonly #key: string
  readonly #options: WriteOptions
  readonly #layout = new PartLayout<PartSource>(LAYOUT)
  readonly #running = new Set<Promise<void>>()
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

  /** Appends bytes, which the caller must not change afterwards. If an earlier part has failed, throws its error. */
  async bytes(bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength === 0) return
    await this.#put(this.#layout.add({ size: bytes.byteLength, source: { bytes }, copyable: false }))
  }

  /** Appends a range of an object. If an earlier part has failed, throws its error, such as `ObjectChangedError`. */
  async object(range: ObjectRange): Promise<void> {
    if (range.length === 0) return
    await this.#put(this.#layout.add({ size: range.length, source: { range }, copyable: true }))
  }

  /** Completes the object. Throws `ObjectChangedError` if an appended object has changed. */
  async finish(): Promise<PinnedObject> {
    const rest = this.#layout.end()
    const [only] = rest
    // If `#next` is 1, no multipart upload has begun. `#upload` cannot be checked instead, because it is set only after
    // the bytes of the first part have been read.
    if (this.#next === 1 && only?.kind !== 'copy') {
      const body = only === undefined ? Buffer.alloc(0) : await partBytes(this.#objects, only)
      return this.#objects.put(this.#bucket, this.#key, body, this.#options)
    }
    await this.#put(rest)
    await this.#waitForParts()
    this.#throwFailure()
    return (await this.#begin()).complete({ parts: this.#parts })
  }

  /** Deletes the parts of an object that will not be completed. Has no effect after `finish`. */
  async abort(): Promise<void> {
    await this.#waitForParts()
    const upload = await this.#upload?.catch(() => undefined)
    await upload?.abort()
  }

  async #put(parts: readonly Part<PartSource>[]): Promise<void> {
    for (const part of parts) {
      while (this.#running.size >= PARALLEL_PARTS) await Promise.race(this.#running)
      this.#throwFailure()
      const number = this.#next++
      // Only the bytes are passed to `#send`. If the part were passed, its slices would stay in memory too.
      const sent =
        part.kind === 'upload' ? this.#send(partBytes(this.#objects, part), number) : this.#copy(part.slice, number)
      const work: Promise<void> = sent
        .catch((error: unknown) => {
          this.#failure ??= { error }
        })
        .finally(() => this.#running.delete(work))
      this.#running.add(work)
    }
    this.#throwFailure()
  }

  async #send(gathered: Promise<Buffer>, number: number): Promise<void> {
    const bytes = await gathered
    this.#parts.push(await (await this.#begin()).uploadPart(number, bytes))
  }

  async #copy(slice: Slice<PartSource>, number: number): Promise<void> {
    this.#parts.push(await (await this.#begin()).copyPart(number, copiedRange(slice)))
  }

  #begin(): Promise<MultipartUpload> {
    this.#upload ??= this.#objects.multipart(this.#bucket, this.#key, this.#options)
    return this.#upload
  }

  async #waitForParts(): Promise<void> {
    await Promise.all(this.#running)
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return
    const { error } = this.#failure
    throw error instanceof Error ? error : new Error('a part could not be written', { cause: error })
  }
}
