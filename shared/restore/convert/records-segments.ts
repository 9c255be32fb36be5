import { SegmentRecords } from '../../compose/segment-records.ts'
import type { RecordsSegment } from '../../compose/segments.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { storeFinished } from '../../jobs/store-finished.ts'
import { abandon } from '../../objects/abandon.ts'
import { Composer } from '../../objects/composer.ts'
import type { Item } from '../../tables/item.ts'
import { workName } from '../messages/work-names.ts'
import type { ConvertServices } from './services.ts'

interface OpenSegment {
  readonly model: string
  readonly records: SegmentRecords
}

/**
 * Writes the records of one pass as segments. The caller calls `mark` between two digest buckets. A segment ends there
 * if the model changes, or if the segment has `segmentSize` bytes or more.
 */
export class RecordsSegments {
  readonly #attempt: Attempt
  readonly #services: ConvertServices
  readonly #segmentSize: number
  readonly #finished: RecordsSegment[] = []
  #open: OpenSegment | undefined
  /** The segment that was open at the last call of `mark`. */
  #marked: OpenSegment | undefined
  #isResourceOpen = false

  constructor(attempt: Attempt, services: ConvertServices, segmentSize: number) {
    this.#attempt = attempt
    this.#services = services
    this.#segmentSize = segmentSize
  }

  /** Ends the last resource. Has no effect if no resource is open. */
  async endResource(): Promise<void> {
    if (this.#isResourceOpen) await this.#open?.records.end()
    this.#isResourceOpen = false
  }

  /**
   * Marks this position, so that `reset` can return to it. The last resource must have ended, and the next resource
   * must be in another digest bucket. `model` is its model. Ends the segment if it is complete. If this method fails,
   * `reset` must not be called.
   */
  async mark(model: string): Promise<void> {
    const open = this.#open
    if (open !== undefined && this.#isComplete(open, model))
      await storeFinished(this.#attempt, () => this.#finishSegment(open))
    this.#open?.records.mark()
    this.#marked = this.#open
  }

  /** Removes all resources after the last call of `mark`. `bucket` is the digest bucket of the first of them. */
  async reset(bucket: string): Promise<void> {
    this.#isResourceOpen = false
    const open = this.#open
    this.#open = this.#marked
    if (this.#marked !== undefined) await this.#marked.records.reset(bucket)
    else if (open !== undefined) await abandon(open.records)
  }

  async beginResource(model: string, h: string, metadata: Item): Promise<void> {
    await this.endResource()
    this.#open ??= this.#openSegment(model)
    await this.#open.records.begin(metadata, h)
    this.#isResourceOpen = true
  }

  async addRevision(item: Item): Promise<void> {
    if (this.#open === undefined) throw new Error('a revision was added before the metadata of its resource')
    await this.#open.records.revision(item)
  }

  /** Finishes the last segment. Returns the segments of the pass. */
  async finish(): Promise<RecordsSegment[]> {
    await this.endResource()
    if (this.#open !== undefined) await this.#finishSegment(this.#open)
    return this.#finished
  }

  async abort(): Promise<void> {
    await this.#open?.records.abort()
  }

  #isComplete(open: OpenSegment, model: string): boolean {
    return open.model !== model || open.records.bytesSoFar >= this.#segmentSize
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

/** Returns the model and the digest bucket of an id hash. */
export const bucketOf = (model: string, h: string): string => `${model}/${h.slice(0, 4)}`
