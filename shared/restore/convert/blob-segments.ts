import { BlobSegment, type EntrySource } from '../../compose/blob-segment.ts'
import type { WrittenSegment } from '../../compose/segments.ts'
import type { BlobReference } from '../../blobs/blob-references.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { Composer } from '../../objects/composer.ts'
import { addCount } from '../../values/model-counts.ts'
import type { ConvertResultOf } from '../messages/convert.ts'
import { workName } from '../messages/work-names.ts'
import type { ConvertServices } from './services.ts'

/**
 * Writes the blobs and spilled payloads of one pass as segments. A segment ends when it is large enough for one map
 * item of the restore.
 */
export class BlobSegments {
  readonly #attempt: Attempt
  readonly #services: ConvertServices
  readonly #finished: WrittenSegment[] = []
  readonly #models: Record<string, number> = {}
  #open: { readonly composer: Composer; readonly segment: BlobSegment } | undefined
  #entries = 0
  #blobs = 0
  #bytes = 0

  constructor(attempt: Attempt, services: ConvertServices) {
    this.#attempt = attempt
    this.#services = services
  }

  /** The number of entries that the pass has written. */
  get entries(): number {
    return this.#entries
  }

  async add(reference: Pick<BlobReference, 'position' | 'id' | 'models'>, source: EntrySource): Promise<void> {
    if (this.#open !== undefined && this.#open.segment.bytes >= this.#services.limits.rangeBytes)
      await this.#finishSegment()
    this.#open ??= this.#openSegment()
    await this.#open.segment.add(reference, source)
    this.#entries += 1
  }

  /** Finishes the last segment. Returns the segments of the pass, and the counts of their content. */
  async finish(): Promise<Pick<ConvertResultOf<'blobs'>, 'blob_segments' | 'blobs' | 'bytes' | 'models'>> {
    await this.#finishSegment()
    return { blob_segments: this.#finished, blobs: this.#blobs, bytes: this.#bytes, models: this.#models }
  }

  async abort(): Promise<void> {
    await this.#open?.composer.abort()
  }

  #openSegment(): { readonly composer: Composer; readonly segment: BlobSegment } {
    const { objects, workFiles } = this.#services
    const { job_id, attempt, pass } = this.#attempt
    const k = this.#finished.length
    const key = workFiles.key(job_id, workName.convertedSegment(attempt, k))
    const composer = new Composer(objects, workFiles.bucket, key)
    return { composer, segment: new BlobSegment(`converted-${pass}-${k}`, composer) }
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
