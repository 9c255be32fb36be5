import type { BlobReference } from '../blobs/blob-references.ts'
import { BlobTooLargeError } from '../blobs/errors.ts'
import { BlobSegment } from '../compose/blob-segment.ts'
import { type LargeContent, type StoredContent, UnreadableContent } from '../compose/open-content.ts'
import type { WrittenSegment } from '../compose/segments.ts'
import type { Limits } from '../jobs/limits.ts'
import type { Attempt } from '../jobs/pass.ts'
import { Composer } from '../objects/composer.ts'
import { addCount } from '../values/model-counts.ts'
import { type LargeBlobPosition, type LargeBlobServices, writeLargeBlob } from './large-blob.ts'
import { type BlobsResult, EXPORT_BLOBS, workName } from './messages.ts'

/**
 * The size at which a segment ends. S3 limits an object to 5 TiB and 10,000 parts, so 1 TiB leaves a wide margin. The
 * smaller limit `segmentBytes` is not sufficient. It counts only the bytes that the worker reads, and S3 copies blobs of
 * 16 MiB or more without the worker.
 */
const MAX_COPIED_BYTES = 1024 ** 4

/** The largest number of segments of a pass. A result has at most 400 KB, and a segment takes up to 1 KB of it. */
const MAX_SEGMENTS = 100

interface ExportedBlobsServices extends LargeBlobServices {
  readonly limits: Limits
}

/** Writes the blobs and spilled payloads of one pass as segments. Each large blob is a segment of its own. */
export class ExportedBlobs {
  readonly #attempt: Attempt
  readonly #services: ExportedBlobsServices
  readonly #finished: WrittenSegment[] = []
  readonly #models: Record<string, number> = {}
  #open: { readonly composer: Composer; readonly segment: BlobSegment } | undefined
  #begun = 0
  #blobs = 0
  #bytes = 0

  constructor(attempt: Attempt, services: ExportedBlobsServices) {
    this.#attempt = attempt
    this.#services = services
  }

  /** True if the pass has written an entry. */
  get hasEntries(): boolean {
    return this.#finished.length > 0 || (this.#open?.segment.entries ?? 0) > 0
  }

  /** True if the pass must end before the next entry. */
  get isFull(): boolean {
    const { segmentBytes, indexBytes } = this.#services.limits
    if (this.#finished.length >= MAX_SEGMENTS) return true
    const segment = this.#open?.segment
    if (segment === undefined) return false
    return segment.bytesRead >= segmentBytes || segment.bytes >= MAX_COPIED_BYTES || segment.indexBytes >= indexBytes
  }

  async add(reference: BlobReference, content: StoredContent): Promise<void> {
    this.#open ??= this.#openSegment()
    const { object } = content
    await this.#open.segment.add(reference, { ...content, range: { object, start: 0, length: object.size } })
  }

  /**
   * Writes a large blob. If the time is up before its end, returns the position at which the next pass continues. If the
   * blob is damaged, returns `UnreadableContent`.
   */
  async addLarge(
    reference: BlobReference,
    content: LargeContent,
    start?: LargeBlobPosition,
  ): Promise<LargeBlobPosition | UnreadableContent | undefined> {
    const { maxBlobBytes } = this.#services.limits
    const { size } = content.object
    if (size > maxBlobBytes) throw new BlobTooLargeError(reference.id, size, maxBlobBytes)
    await this.#finishSegment()
    const segment = this.#nextSegment()
    const written = await writeLargeBlob(this.#services, this.#attempt, { reference, content }, segment, start)
    if (written instanceof UnreadableContent || 'step' in written) return written
    this.#finished.push(written)
    this.#blobs += 1
    this.#bytes += size
    for (const model of reference.models) addCount(this.#models, model)
    return undefined
  }

  /** Finishes the last segment. Returns the segments of the pass, and the counts of their content. */
  async finish(): Promise<Pick<BlobsResult, 'blobs' | 'bytes' | 'models'> & { segments: WrittenSegment[] }> {
    await this.#finishSegment()
    return { segments: this.#finished, blobs: this.#blobs, bytes: this.#bytes, models: this.#models }
  }

  async abort(): Promise<void> {
    await this.#open?.composer.abort()
  }

  /** The name of the first segment of a pass contains only the numbers of the map item and of the pass. */
  #nextSegment(): { readonly name: string; readonly key: string } {
    const { job_id, n, pass, attempt } = this.#attempt
    const k = this.#begun++
    const name = `blobs-${n.toString().padStart(5, '0')}-${pass.toString().padStart(2, '0')}`
    const key = this.#services.workFiles.key(job_id, workName.segment(EXPORT_BLOBS.name, n, attempt, k))
    return { name: k === 0 ? name : `${name}-${k}`, key }
  }

  #openSegment(): { readonly composer: Composer; readonly segment: BlobSegment } {
    const { objects, workFiles } = this.#services
    const { name, key } = this.#nextSegment()
    const composer = new Composer(objects, workFiles.bucket, key)
    return { composer, segment: new BlobSegment(name, composer) }
  }

  async #finishSegment(): Promise<void> {
    const segment = this.#open?.segment
    const written = await segment?.finish()
    this.#open = undefined
    if (segment === undefined || written === undefined) return
    this.#finished.push(written)
    this.#blobs += segment.blobs
    this.#bytes += segment.blobBytes
    for (const [model, count] of Object.entries(segment.models)) addCount(this.#models, model, count)
  }
}
