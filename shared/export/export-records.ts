import { BlobReferenceSet } from '../blobs/blob-references.ts'
import type { PayloadStore } from '../blobs/payload-store.ts'
import { type RecordsTarget, SegmentRecords, type WrittenRecords } from '../compose/segment-records.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { ExportJob } from '../jobs/job.ts'
import { filterFor } from '../jobs/job-filter.ts'
import type { Limits } from '../jobs/limits.ts'
import type { PassInput, PassOutput } from '../jobs/messages.ts'
import { type Attempt, runPass } from '../jobs/pass.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { Composer } from '../objects/composer.ts'
import type { ResourceStore } from '../resources/aws/resource-store.ts'
import { collectBlobReferences } from '../resources/collect-blob-references.ts'
import { TornResourcesError } from '../resources/errors.ts'
import { hashKeyOf } from '../resources/keys.ts'
import type { ModelRegistry } from '../resources/models.ts'
import type { ReadOptions, StoredResource } from '../resources/stored-resource.ts'
import { EXPORT_PLAN, EXPORT_RECORDS, type ModelRange, type RecordsResult, workName } from './messages.ts'
import { StreamRecords } from './stream-records.ts'

interface RecordsStores {
  readonly jobs: JobStore
  readonly limits: Limits
  readonly models: ModelRegistry
  readonly resources: ResourceStore
  readonly payloads: PayloadStore
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
}

/**
 * Runs one pass over the ranges of a map item. The pass writes every resource that the filters select. It creates one
 * segment per range, or one piece if the export is a stream of SpecStar.
 */
export const exportRecords = (input: PassInput, stores: RecordsStores): Promise<PassOutput> =>
  runPass(EXPORT_RECORDS, input, stores, async (attempt) => {
    const job = await exportJob(stores, input.job_id)
    return new RecordsPass(attempt, job, stores).run()
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
  readonly #stores: RecordsStores
  readonly #references = new BlobReferenceSet()

  constructor(attempt: Attempt, job: ExportJob, stores: RecordsStores) {
    this.#attempt = attempt
    this.#job = job
    this.#stores = stores
  }

  async run(): Promise<RecordsResult> {
    const { objects, workFiles } = this.#stores
    const { job_id, n, attempt } = this.#attempt
    const ranges = (await workFiles.read(EXPORT_PLAN, job_id)).items[n] ?? []
    const start = parseCursor(this.#attempt.cursor)
    const written: WrittenRecords[] = []
    let cursor: string | undefined
    for (const [index, range] of ranges.entries()) {
      if (index < start.index || cursor !== undefined) continue
      const from = index === start.index ? (start.from ?? range.from) : range.from
      const { records, stoppedAt } = await this.#exportRange(index, { ...range, from })
      if (records !== undefined) written.push(records)
      if (stoppedAt !== undefined) cursor = `${index}/${stoppedAt}`
      else if (this.#attempt.timeIsUp() && index + 1 < ranges.length) cursor = `${index + 1}/`
    }
    const key = workFiles.key(job_id, workName.references(n, attempt))
    return {
      done: cursor === undefined,
      ...(cursor === undefined ? {} : { cursor }),
      segments: written.flatMap((records) => (records.kind === 'segment' ? [records.segment] : [])),
      pieces: written.flatMap((records) => (records.kind === 'piece' ? [records.piece] : [])),
      references: await this.#references.write(objects, workFiles.bucket, key),
    }
  }

  /**
   * Writes one range. `records` is absent if no resource is selected. `stoppedAt` is set if the pass has to stop before
   * the end of the range: it is the digest bucket with which the next pass begins.
   */
  async #exportRange(index: number, range: ModelRange): Promise<{ records?: WrittenRecords; stoppedAt?: string }> {
    const target = this.#target(index, range.model)
    const torn: string[] = []
    let bucket: string | undefined
    let stoppedAt: string | undefined
    let first: string | undefined
    // The loop below checks the time only for selected resources. The reader calls `until` for every other resource
    // too, so that a pass whose filters select nothing stops in time.
    const until = (h: string): boolean => {
      const next = h.slice(0, 4)
      first ??= next
      if (next === first || !this.#attempt.timeIsUp()) return false
      stoppedAt = next
      return true
    }
    try {
      for await (const resource of this.#read(range, { onTorn: (id) => void torn.push(id), until })) {
        const next = resource.h.slice(0, 4)
        if (bucket !== undefined && next !== bucket && this.#mustStop(target)) {
          stoppedAt = next
          break
        }
        bucket = next
        await this.#exportResource(range.model, resource, target)
      }
      if (torn.length > 0) throw new TornResourcesError(torn)
      return {
        ...(bucket === undefined ? {} : { records: await target.finish() }),
        ...(stoppedAt === undefined ? {} : { stoppedAt }),
      }
    } catch (error) {
      await target.abort()
      throw error
    }
  }

  async #exportResource(
    model: string,
    { h, metadata, revisions }: StoredResource,
    target: RecordsTarget,
  ): Promise<void> {
    const { payloads } = this.#stores
    await target.begin(metadata, h)
    for await (const revision of revisions) {
      await target.revision(revision)
      await collectBlobReferences(this.#references, model, revision, (sha256) => payloads.get(sha256))
    }
    await target.end()
  }

  #mustStop({ bytesSoFar }: RecordsTarget): boolean {
    const { segmentBytes, seenBlobs } = this.#stores.limits
    return this.#attempt.timeIsUp() || bytesSoFar >= segmentBytes || this.#references.size >= seenBlobs
  }

  #target(index: number, model: string): RecordsTarget {
    const { objects, payloads, workFiles } = this.#stores
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

  #read({ model, from, to }: ModelRange, options: ReadOptions): AsyncGenerator<StoredResource> {
    const { resources, models } = this.#stores
    const { filters } = this.#job.request
    const filter = filterFor(this.#job, models, model)
    if (filters.ids === undefined) {
      const hasFilters = Object.keys(filters).length > 0
      return resources.resources(model, { from, to }, hasFilters ? { ...options, filter } : options)
    }
    const ids = filters.ids.filter((id) => {
      const bucket = hashKeyOf(id).slice(0, 4)
      return bucket >= from && (to.length > 4 || bucket < to)
    })
    return resources.resourcesById(model, ids, { ...options, filter })
  }
}

const pad = (value: number, digits: number): string => value.toString().padStart(digits, '0')
