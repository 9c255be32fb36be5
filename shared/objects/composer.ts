import { ThrottledError } from '../throttling/throttled-error.ts'
import { type Part, PartLayout } from './part-layout.ts'
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

/** A part that is not stored yet. `content` is the part, or its bytes once they have been read. */
interface UnsentPart {
  readonly number: number
  content: Part<PartSource> | Buffer
}

/**
 * Writes one object from bytes and from ranges of other objects. S3 copies large ranges, so they are not downloaded. A
 * small object is written with a single PUT request.
 *
 * `bytes` and `object` wait while two parts are being uploaded, which limits the memory. If a part is throttled until
 * the end of its budget, this part and all later parts stay in memory, and `finish` sends them again. A caller that
 * adds much more data must therefore check `throttled`. After any other error, the caller must call `abort`.
 */
export class Composer {
  readonly #objects: ObjectStore
  readonly #bucket: string
  readonly #key: string
  readonly #options: WriteOptions
  readonly #running = new Set<Promise<void>>()
  /** The stored parts, by number. */
  readonly #parts = new Map<number, UploadedPart>()
  /** The parts that are not stored, and whose writes are not running. */
  readonly #unsent = new Map<number, UnsentPart>()
  #layout = new PartLayout<PartSource>(LAYOUT)
  #upload: Promise<MultipartUpload> | undefined
  #next = 1
  #failure: { readonly error: unknown } | undefined
  #throttled: ThrottledError | undefined

  constructor(objects: ObjectStore, bucket: string, key: string, options: WriteOptions = {}) {
    this.#objects = objects
    this.#bucket = bucket
    this.#key = key
    this.#options = options
  }

  /** The error of a part that was throttled until the end of its budget. */
  get throttled(): ThrottledError | undefined {
    return this.#throttled
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

  /** Returns a function that removes everything that was appended after this call. */
  mark(): () => Promise<void> {
    const layout = this.#layout.copy()
    const next = this.#next
    return async () => {
      await this.#waitForParts()
      this.#layout = layout
      this.#next = next
      // A stored part that is not listed when the upload is completed does not become a part of the object.
      for (const parts of [this.#parts, this.#unsent])
        for (const number of parts.keys()) if (number >= next) parts.delete(number)
    }
  }

  /**
   * Completes the object. Throws `ObjectChangedError` if an appended object has changed. Throws `ThrottledError` if a
   * request was throttled until the end of its budget. The caller can then call this method again.
   */
  async finish(): Promise<PinnedObject> {
    for (const part of this.#layout.end()) this.#addUnsent(part)
    await this.#waitForParts()
    this.#throwFailure()
    const unsent = [...this.#unsent.values()].sort((a, b) => a.number - b.number)
    const [only] = unsent
    if (this.#upload === undefined && unsent.length <= 1 && (only === undefined || !isCopy(only))) {
      const body = only === undefined ? Buffer.alloc(0) : await this.#bytesOf(only)
      return this.#objects.put(this.#bucket, this.#key, body, this.#options)
    }
    this.#throttled = undefined
    for (const part of unsent) await this.#start(part)
    await this.#waitForParts()
    this.#throwFailure()
    this.#throwThrottled()
    return (await this.#begin()).complete({ parts: [...this.#parts.values()] })
  }

  /** Deletes the parts of an object that will not be completed. Has no effect after `finish`. */
  async abort(): Promise<void> {
    await this.#waitForParts()
    const upload = await this.#upload?.catch(() => undefined)
    await upload?.abort()
  }

  async #put(parts: readonly Part<PartSource>[]): Promise<void> {
    for (const part of parts) await this.#start(this.#addUnsent(part))
    this.#throwFailure()
  }

  #addUnsent(content: Part<PartSource>): UnsentPart {
    const part = { number: this.#next++, content }
    this.#unsent.set(part.number, part)
    return part
  }

  /** Begins to write a part as soon as fewer than two parts are being written. Does nothing after a throttled part. */
  async #start(part: UnsentPart): Promise<void> {
    while (this.#running.size >= PARALLEL_PARTS) await Promise.race(this.#running)
    this.#throwFailure()
    if (this.#throttled !== undefined) return
    this.#unsent.delete(part.number)
    const work: Promise<void> = this.#write(part)
      .catch((error: unknown) => {
        if (error instanceof ThrottledError) {
          this.#throttled ??= error
          this.#unsent.set(part.number, part)
        } else this.#failure ??= { error }
      })
      .finally(() => this.#running.delete(work))
    this.#running.add(work)
  }

  async #write(part: UnsentPart): Promise<void> {
    const { number, content } = part
    const stored =
      !Buffer.isBuffer(content) && content.kind === 'copy'
        ? await (await this.#begin()).copyPart(number, copiedRange(content.slice))
        : await this.#sendBytes(number, await this.#bytesOf(part))
    this.#parts.set(number, stored)
  }

  async #sendBytes(number: number, bytes: Buffer): Promise<UploadedPart> {
    return (await this.#begin()).uploadPart(number, bytes)
  }

  /** Returns the bytes of a part, and keeps only them in memory. */
  async #bytesOf(part: UnsentPart): Promise<Buffer> {
    const { content } = part
    if (Buffer.isBuffer(content)) return content
    if (content.kind === 'copy') throw new Error('the bytes of a copied part are not read')
    const bytes = await partBytes(this.#objects, content)
    part.content = bytes
    return bytes
  }

  #begin(): Promise<MultipartUpload> {
    if (this.#upload !== undefined) return this.#upload
    const upload = this.#objects.multipart(this.#bucket, this.#key, this.#options)
    this.#upload = upload
    // If the request was throttled, `finish` sends it again.
    upload.catch(() => {
      this.#upload = undefined
    })
    return upload
  }

  async #waitForParts(): Promise<void> {
    await Promise.all(this.#running)
  }

  #throwThrottled(): void {
    if (this.#throttled !== undefined) throw this.#throttled
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return
    const { error } = this.#failure
    throw error instanceof Error ? error : new Error('a part could not be written', { cause: error })
  }
}

const isCopy = ({ content }: UnsentPart): boolean => !Buffer.isBuffer(content) && content.kind === 'copy'
