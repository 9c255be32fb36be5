import { SegmentRecords } from '../../compose/segment-records.ts'
import type { RecordsSegment } from '../../compose/segments.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { Composer } from '../../objects/composer.ts'
import type { Item } from '../../tables/item.ts'
import { workName } from '../messages/work-names.ts'
import type { ConvertServices } from './services.ts'

interface OpenSegment {
  readonly model: string
  readonly records: SegmentRecords
}

/**
 * Writes the records of one pass as segments. A segment ends when the model changes. A segment that is large enough for
 * one map item of the restore also ends at the next border between two digest buckets.
 */
export class RecordsSegments {
  readonly #attempt: Attempt
  readonly #services: ConvertServices
  readonly #finished: RecordsSegment[] = []
  #open: OpenSegment | undefined
  #bucket: string | undefined
  #isResourceOpen = false

  constructor(attempt: Attempt, services: ConvertServices) {
    this.#attempt = attempt
    this.#services = services
  }

  /**
   * Returns true if a resource with this hash key is in another digest bucket than the previous resource of the pass.
   */
  #isBucketBorder(model: string, h: string): boolean {
    return this.#bucket !== undefined && this.#bucket !== bucketOf(model, h)
  }

  async beginResource(model: string, h: string, metadata: Item): Promise<void> {
    await this.#endResource()
    if (this.#open !== undefined && this.#isComplete(this.#open, model, h)) await this.#finishSegment(this.#open)
    this.#open ??= this.#openSegment(model)
    this.#bucket = bucketOf(model, h)
    await this.#open.records.begin(metadata, h)
    this.#isResourceOpen = true
  }

  async addRevision(item: Item): Promise<void> {
    if (this.#open === undefined) throw new Error('a revision was added before the metadata of its resource')
    await this.#open.records.revision(item)
  }

  /** Finishes the last segment. Returns the segments of the pass. */
  async finish(): Promise<RecordsSegment[]> {
    await this.#endResource()
    if (this.#open !== undefined) await this.#finishSegment(this.#open)
    return this.#finished
  }

  async abort(): Promise<void> {
    await this.#open?.records.abort()
  }

  #isComplete(open: OpenSegment, model: string, h: string): boolean {
    if (open.model !== model) return true
    return open.records.bytesSoFar >= this.#services.limits.rangeBytes && this.#isBucketBorder(model, h)
  }

  async #endResource(): Promise<void> {
    if (this.#isResourceOpen) await this.#open?.records.end()
    this.#isResourceOpen = false
  }

  #openSegment(model: string): OpenSegment {
    const { objects, workFiles } = this.#services
    const { job_id, attempt, pass } = this.#attempt
    const { bucket } = workFiles
    const k = this.#finished.length
    const composer = new Composer(objects, bucket, workFiles.key(job_id, workName.convertedSegment(attempt, k)))
    const digests = { bucket, key: workFiles.key(job_id, workName.convertedDigests(attempt, k)) }
    return { model, records: new SegmentRecords(objects, composer, model, `converted-${pass}-${k}`, digests) }
  }

  async #finishSegment({ records }: OpenSegment): Promise<void> {
    const { segment } = await records.finish()
    this.#finished.push(segment)
    this.#open = undefined
  }
}

/** Returns the model and the digest bucket of a hash key. */
export const bucketOf = (model: string, h: string): string => `${model}/${h.slice(0, 4)}`
