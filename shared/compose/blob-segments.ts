import type { BlobReference } from '../blobs/blob-references.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { Composer } from '../objects/composer.ts'
import type { ThrottledError } from '../throttling/throttled-error.ts'
import { addCount } from '../values/model-counts.ts'
import { BlobSegment, type EntrySource } from './blob-segment.ts'
import type { WrittenSegment } from './segments.ts'

interface BlobSegmentsServices {
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
}

/** A segment that has not been written yet. */
export interface NewSegment {
  readonly name: string
  /** The key of the segment's object in the work bucket. */
  readonly key: string
}

/** The segments of one pass. */
export interface WrittenBlobs {
  readonly segments: WrittenSegment[]
  readonly blobs: number
  /** Number of bytes in all blobs, without spilled payloads. */
  readonly bytes: number
  /** For each model, the number of blobs to which the model refers. */
  readonly models: Record<string, number>
}

/** Writes the blobs and spilled payloads of one pass as segments. The caller decides where a segment ends. */
export class BlobSegments {
  readonly #services: BlobSegmentsServices
  readonly #newSegment: (k: number) => NewSegment
  readonly #finished: WrittenSegment[] = []
  readonly #models: Record<string, number> = {}
  #open: { readonly composer: Composer; readonly segment: BlobSegment } | undefined
  #begun = 0
  #blobs = 0
  #bytes = 0

  /** `newSegment` returns the name and the key of segment `k` of the pass. The first segment is 0. */
  constructor(services: BlobSegmentsServices, newSegment: (k: number) => NewSegment) {
    this.#services = services
    this.#newSegment = newSegment
  }

  /** The number of finished segments. */
  get finished(): number {
    return this.#finished.length
  }

  /** The segment to which the next entry is added. If it is `undefined`, the next entry begins a segment. */
  get open(): Pick<BlobSegment, 'bytes' | 'bytesRead' | 'indexBytes'> | undefined {
    return this.#open?.segment
  }

  /** The error of a write that was throttled until the end of its budget. The pass must then hand over. */
  get throttled(): ThrottledError | undefined {
    return this.#open?.segment.throttled
  }

  /** True if the pass has written an entry. */
  get hasEntries(): boolean {
    return this.#finished.length > 0 || (this.#open?.segment.entries ?? 0) > 0
  }

  async add(reference: Pick<BlobReference, 'position' | 'id' | 'models'>, source: EntrySource): Promise<void> {
    this.#open ??= this.#openSegment()
    await this.#open.segment.add(reference, source)
  }

  /**
   * Finishes the open segment, and begins a segment that the caller writes and then passes to `addWritten`. After a
   * `ThrottledError`, the caller can call this method again.
   */
  async beginSegment(): Promise<NewSegment> {
    await this.finishSegment()
    return this.#newSegment(this.#begun++)
  }

  /** Adds a segment that the caller has written and that contains one blob of `bytes` bytes. */
  addWritten(segment: WrittenSegment, { models }: Pick<BlobReference, 'models'>, bytes: number): void {
    this.#finished.push(segment)
    this.#blobs += 1
    this.#bytes += bytes
    for (const model of models) addCount(this.#models, model)
  }

  /**
   * Finishes the open segment. The next entry begins another segment. After a `ThrottledError`, the caller can call
   * this method again.
   */
  async finishSegment(): Promise<void> {
    const segment = this.#open?.segment
    const written = await segment?.finish()
    this.#open = undefined
    if (segment === undefined || written === undefined) return
    this.#finished.push(written)
    this.#blobs += segment.blobs
    this.#bytes += segment.blobBytes
    for (const [model, count] of Object.entries(segment.models)) addCount(this.#models, model, count)
  }

  /** Finishes the last segment. Returns the segments of the pass, and the counts of their content. */
  async finish(): Promise<WrittenBlobs> {
    await this.finishSegment()
    return { segments: this.#finished, blobs: this.#blobs, bytes: this.#bytes, models: this.#models }
  }

  async abort(): Promise<void> {
    await this.#open?.composer.abort()
  }

  #openSegment(): { readonly composer: Composer; readonly segment: BlobSegment } {
    const { objects, workFiles } = this.#services
    const { name, key } = this.#newSegment(this.#begun++)
    const composer = new Composer(objects, workFiles.bucket, key)
    return { composer, segment: new BlobSegment(name, composer) }
  }
}
