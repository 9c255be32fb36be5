import { encodeBuckets } from '../../archive/digest.ts'
import { decodeLine, recordKeyOf } from '../../archive/record-line.ts'
import { RecordsWriter } from '../../archive/records-writer.ts'
import { SegmentWriter } from '../../archive/segment-writer.ts'
import type { RecordsSegment } from '../../compose/segments.ts'
import { allResults, type Attempt, untyped } from '../../jobs/pass.ts'
import { Composer } from '../../objects/composer.ts'
import type { Item } from '../../tables/item.ts'
import { quote } from '../../values/message-text.ts'
import type { Services } from '../../runtime/services.ts'
import type { ConvertCursor, ConvertedRecords, ConvertResult, CursorOf } from './messages.ts'
import { runsSoFar } from './join-runs.ts'
import { MergedRuns, type RunEntry } from './sorted-runs.ts'
import { invalidRecord } from '../../specstar/errors.ts'
import { workKey } from './work-keys.ts'

/** One pass of merging runs of records into segments, each of one model's whole buckets. */
export const convertRecords = async (
  attempt: Attempt,
  services: Services,
  { source, positions }: CursorOf<'records'>,
): Promise<{ part: ConvertedRecords; next: ConvertCursor }> => {
  const runs = runsSoFar(await allResults(services, attempt.job_id, untyped<ConvertResult>('convert')))
  const merged = await MergedRuns.open(services.objects, runs, positions)
  const writer = new SegmentsWriter(attempt, services)
  try {
    let before: RunEntry | undefined
    for (let { head } = merged; head !== undefined; { head } = merged) {
      if (before !== undefined && head.key.equals(before.key)) checkRepeated(before, head)
      else {
        const item = decodeLine(head.body)
        const place = recordKeyOf(item)
        if (place.kind === 'metadata') {
          if (writer.atBorder(place.model, place.h) && attempt.timeIsUp()) {
            const next = { phase: 'records', source, positions: merged.positions } as const
            return { part: await writer.end(), next }
          }
          await writer.begin(place.model, place.h, item)
        } else await writer.revision(item)
      }
      before = head
      await merged.advance()
    }
    return { part: await writer.end(), next: { phase: 'blobs', source, positions: [], range: 0, from: '' } }
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** SpecStar's memory store writes a migrated revision twice, the same: it counts once. Anything else that is twice is refused. */
const checkRepeated = (first: RunEntry, second: RunEntry): void => {
  const { kind, id, sk } = recordKeyOf(decodeLine(second.body))
  if (kind === 'metadata')
    throw invalidRecord(second, `resource ${quote(id)} stands twice, also at byte ${first.offset}`)
  if (!first.body.equals(second.body))
    throw invalidRecord(
      second,
      `revision ${quote(sk)} stands twice with different content, also at byte ${first.offset}`,
    )
}

interface OpenSegment {
  readonly model: string
  readonly composer: Composer
  readonly segment: SegmentWriter
  readonly records: RecordsWriter
}

/** Segments of one pass, one after the other: a new one for each model, and where one is large enough. */
class SegmentsWriter {
  readonly #attempt: Attempt
  readonly #services: Services
  readonly #written: RecordsSegment[] = []
  #open: OpenSegment | undefined
  #bucket: string | undefined
  #isResourceOpen = false

  constructor(attempt: Attempt, services: Services) {
    this.#attempt = attempt
    this.#services = services
  }

  /** A resource at this place begins a bucket, and is not the pass's first. */
  atBorder(model: string, h: string): boolean {
    return this.#bucket !== undefined && this.#bucket !== bucketOf(model, h)
  }

  async begin(model: string, h: string, metadata: Item): Promise<void> {
    await this.#endResource()
    const open = this.#open
    const isFull = open !== undefined && open.records.packedSoFar >= this.#services.limits.rangeBytes
    if (open !== undefined && (open.model !== model || (isFull && this.atBorder(model, h)))) await this.#close(open)
    this.#open ??= this.#next(model)
    this.#bucket = bucketOf(model, h)
    await this.#open.records.begin(metadata, h)
    this.#isResourceOpen = true
  }

  async revision(item: Item): Promise<void> {
    if (this.#open === undefined) throw new Error('a revision before any metadata')
    await this.#open.records.revision(item)
  }

  async end(): Promise<ConvertedRecords> {
    await this.#endResource()
    if (this.#open !== undefined) await this.#close(this.#open)
    return { phase: 'records', segments: this.#written }
  }

  async abort(): Promise<void> {
    await this.#open?.composer.abort()
  }

  async #endResource(): Promise<void> {
    if (this.#isResourceOpen) await this.#open?.records.end()
    this.#isResourceOpen = false
  }

  #next(model: string): OpenSegment {
    const { objects, config } = this.#services
    const { job_id, attempt, pass } = this.#attempt
    const k = this.#written.length
    const composer = new Composer(objects, config.buckets.work, workKey.segment(job_id, attempt, k))
    const segment = new SegmentWriter(`converted-${pass}-${k}`, composer, model)
    return { model, composer, segment, records: new RecordsWriter(segment, model) }
  }

  async #close({ model, composer, segment, records }: OpenSegment): Promise<void> {
    const { objects, config } = this.#services
    const { job_id, attempt } = this.#attempt
    const { resources, revisions, buckets } = await records.finish()
    const key = workKey.digests(job_id, attempt, this.#written.length)
    this.#written.push({
      model,
      resources,
      revisions,
      summary: await segment.finish(),
      object: await composer.finish(),
      digests: await objects.put(config.buckets.work, key, encodeBuckets(buckets)),
    })
    this.#open = undefined
  }
}

const bucketOf = (model: string, h: string): string => `${model}/${h.slice(0, 4)}`
