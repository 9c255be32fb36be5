import type { BlobReference } from '../blobs/blob-references.ts'
import { BlobTooLargeError } from '../blobs/errors.ts'
import { BlobSegments, type NewSegment, type WrittenBlobs } from '../compose/blob-segments.ts'
import { type LargeContent, type StoredContent, UnreadableContent } from '../compose/open-content.ts'
import type { Limits } from '../jobs/limits.ts'
import type { Attempt } from '../jobs/pass.ts'
import { storeFinished } from '../jobs/store-finished.ts'
import type { ThrottledError } from '../throttling/throttled-error.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import { type LargeBlobPosition, type LargeBlobServices, writeLargeBlob } from './large-blob.ts'
import { EXPORT_BLOBS, workName } from './messages.ts'

/**
 * The size at which a segment ends. S3 limits an object to 50 TB and 10,000 parts, so 1 TiB leaves a wide margin. The
 * smaller limit `segmentBytes` is not sufficient. It counts only the bytes that the worker reads, and S3 copies blobs
 * of 16 MiB or more without the worker.
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
  readonly #segments: BlobSegments

  constructor(attempt: Attempt, services: ExportedBlobsServices) {
    this.#attempt = attempt
    this.#services = services
    this.#segments = new BlobSegments(services, (k) => newSegment(services.workFiles, attempt, k))
  }

  /** True if the pass has written an entry. */
  get hasEntries(): boolean {
    return this.#segments.hasEntries
  }

  /** See `BlobSegments`. */
  get throttled(): ThrottledError | undefined {
    return this.#segments.throttled
  }

  /** True if the pass must end before the next entry. */
  get isFull(): boolean {
    const { segmentBytes, indexBytes } = this.#services.limits
    const { finished, open } = this.#segments
    if (finished >= MAX_SEGMENTS) return true
    if (open === undefined) return false
    return open.bytesRead >= segmentBytes || open.bytes >= MAX_COPIED_BYTES || open.indexBytes >= indexBytes
  }

  async add(reference: BlobReference, content: StoredContent): Promise<void> {
    const { object } = content
    await this.#segments.add(reference, { ...content, range: { object, start: 0, length: object.size } })
  }

  /**
   * Writes a large blob. If the time is up before its end, returns the position at which the next pass continues. If
   * the blob is damaged, returns `UnreadableContent`.
   */
  async addLarge(
    reference: BlobReference,
    content: LargeContent,
    start?: LargeBlobPosition,
  ): Promise<LargeBlobPosition | UnreadableContent | undefined> {
    const { maxBlobBytes } = this.#services.limits
    const { size } = content.object
    if (size > maxBlobBytes) throw new BlobTooLargeError(reference.id, size, maxBlobBytes)
    const segment = await storeFinished(this.#attempt, () => this.#segments.beginSegment())
    const written = await writeLargeBlob(this.#services, this.#attempt, { reference, content }, segment, start)
    if (written instanceof UnreadableContent || 'step' in written) return written
    this.#segments.addWritten(written, reference, size)
    return undefined
  }

  /** Finishes the last segment. Returns the segments of the pass, and the counts of their content. */
  finish(): Promise<WrittenBlobs> {
    return this.#segments.finish()
  }

  abort(): Promise<void> {
    return this.#segments.abort()
  }
}

/** The name of the first segment of a pass contains only the numbers of the map item and of the pass. */
const newSegment = (workFiles: WorkFiles, { job_id, n, pass, attempt }: Attempt, k: number): NewSegment => {
  const name = `blobs-${n.toString().padStart(5, '0')}-${pass.toString().padStart(2, '0')}`
  const key = workFiles.key(job_id, workName.segment(EXPORT_BLOBS.name, n, attempt, k))
  return { name: k === 0 ? name : `${name}-${k}`, key }
}
