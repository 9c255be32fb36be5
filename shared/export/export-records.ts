import type { PayloadStore } from '../blobs/payload-store.ts'
import { type RecordsTarget, SegmentRecords, type WrittenRecords } from '../compose/segment-records.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { ExportJob } from '../jobs/job.ts'
import type { Limits } from '../jobs/limits.ts'
import type { PassInput, PassOutput } from '../jobs/messages.ts'
import { type Attempt, runPass } from '../jobs/pass.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { Composer } from '../objects/composer.ts'
import type { ResourceStore } from '../resources/aws/resource-store.ts'
import type { ModelRegistry } from '../resources/models.ts'
import { whileStoring } from '../throttling/call-context.ts'
import { CollectedLists } from './collected-lists.ts'
import {
  EXPORT_PLAN,
  EXPORT_RECORDS,
  type ExportPlan,
  type ModelRange,
  type RecordsResult,
  workName,
} from './messages.ts'
import { allOmitted } from './omitted-data.ts'
import { type ExportedRange, RangeWriter } from './range-writer.ts'
import { StreamRecords } from './stream-records.ts'

interface ExportRecordsServices {
  readonly jobs: JobStore
  readonly limits: Limits
  readonly models: ModelRegistry
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly clock: () => Date
}

/**
 * Runs one pass over the ranges of a map item. The pass writes every resource that the filters select. It creates one
 * segment per range, or one piece if the export is a stream of SpecStar.
 *
 * If AWS throttles a pass until its time is used up, the pass hands over the digest buckets that it has finished.
 * Without a finished digest bucket, it fails, and the workflow repeats it.
 */
export const exportRecords = (input: PassInput, services: ExportRecordsServices): Promise<PassOutput> =>
  runPass(EXPORT_RECORDS, input, services, async (attempt) => {
    const job = await exportJob(services, input.job_id)
    const plan = await services.workFiles.read(EXPORT_PLAN, input.job_id)
    return new RecordsPass(attempt, job, plan, services).run()
  })

/**
 * Parses the position where a pass continues: `{index of the range}/{digest bucket}`. Without a digest bucket, the pass
 * begins with the first digest bucket of the range.
 */
const parseCursor = (cursor = '0/'): { index: number; from: string | undefined } => {
  const [index = '0', from = ''] = cursor.split('/')
  return { index: Number(index), from: from === '' ? undefined : from }
}

class RecordsPass {
  readonly #attempt: Attempt
  readonly #job: ExportJob
  readonly #plan: ExportPlan
  readonly #services: ExportRecordsServices
  readonly #collected: CollectedLists

  constructor(attempt: Attempt, job: ExportJob, plan: ExportPlan, services: ExportRecordsServices) {
    this.#attempt = attempt
    this.#job = job
    this.#plan = plan
    this.#services = services
    this.#collected = new CollectedLists(attempt, services)
  }

  async run(): Promise<RecordsResult> {
    const ranges = this.#plan.items[this.#attempt.n] ?? []
    const start = parseCursor(this.#attempt.cursor)
    const written: WrittenRecords[] = []
    let cursor: string | undefined
    for (const [index, range] of ranges.entries()) {
      if (index < start.index || cursor !== undefined) continue
      const from = index === start.index ? (start.from ?? range.from) : range.from
      const exported = await this.#exportOrHandOver(index, { ...range, from }, index > start.index)
      if (exported === undefined) {
        cursor = `${index}/`
        continue
      }
      const { records, stoppedAt } = exported
      if (records !== undefined) written.push(records)
      if (stoppedAt !== undefined) cursor = `${index}/${stoppedAt}`
      else if (this.#attempt.timeIsUp() && index + 1 < ranges.length) cursor = `${index + 1}/`
    }
    return whileStoring(() => this.#store(written, cursor))
  }

  /** Writes the lists of the pass, and returns its result. */
  async #store(written: readonly WrittenRecords[], cursor: string | undefined): Promise<RecordsResult> {
    const omitted = allOmitted(written.flatMap((records) => (records.kind === 'piece' ? [records] : [])))
    return {
      done: cursor === undefined,
      ...(cursor === undefined ? {} : { cursor }),
      segments: written.flatMap((records) => (records.kind === 'segment' ? [records.segment] : [])),
      pieces: written.flatMap((records) => (records.kind === 'piece' ? [records.piece] : [])),
      ...(omitted === undefined ? {} : { omitted }),
      ...(await this.#collected.write(this.#job.request.filters.ids !== undefined)),
    }
  }

  /**
   * Writes one range as `#exportRange` does. Returns undefined if AWS throttled its first digest bucket until the time
   * of the pass was used up, and if the pass has finished another range. The next pass then writes the range.
   */
  async #exportOrHandOver(index: number, range: ModelRange, hasFinished: boolean): Promise<ExportedRange | undefined> {
    try {
      return await this.#exportRange(index, range)
    } catch (error) {
      if (!hasFinished || !this.#attempt.mustHandOver(error)) throw error
      await this.#collected.removeFrom(range.model, range.from)
      return undefined
    }
  }

  /** Writes one range until its end, or until the digest bucket before which the pass must stop. */
  async #exportRange(index: number, range: ModelRange): Promise<ExportedRange> {
    const pass = { attempt: this.#attempt, job: this.#job, plan: this.#plan, collected: this.#collected }
    for (;;) {
      const exported = await new RangeWriter(this.#services, pass, range, this.#target(index, range.model)).write()
      if (exported !== 'again') return exported
    }
  }

  #target(index: number, model: string): RecordsTarget {
    const { objects, payloads, workFiles } = this.#services
    const { job_id, n, pass, attempt } = this.#attempt
    const key = workFiles.key(job_id, workName.segment(EXPORT_RECORDS.name, n, attempt, index))
    const composer = new Composer(objects, workFiles.bucket, key)
    const { format, strict } = this.#job.request
    if (format === 'specstar') return new StreamRecords(payloads, composer, model, strict)
    return new SegmentRecords(objects, composer, model, `${pad(n, 5)}-${pad(index, 2)}-${pad(pass, 2)}`, {
      bucket: workFiles.bucket,
      key: workFiles.key(job_id, workName.digests(n, attempt, index)),
    })
  }
}

const pad = (value: number, digits: number): string => value.toString().padStart(digits, '0')
