import { BlobReferenceSet, type BlobReferenceList } from '../blobs/blob-references.ts'
import { type Attempt, type PassResult, runPass, untyped } from '../jobs/pass.ts'
import type { ExportJob } from '../jobs/job.ts'
import { filterFor } from '../jobs/job-filter.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { PassInput, PassOutput } from '../jobs/messages.ts'
import { Composer } from '../objects/composer.ts'
import { collectBlobReferences } from '../resources/collect-blob-references.ts'
import { TornResourcesError } from '../resources/errors.ts'
import { hashKeyOf } from '../resources/keys.ts'
import type { ReadOptions, StoredResource } from '../resources/aws/resource-store.ts'
import type { Services } from '../runtime/services.ts'
import { exportPlan, type ModelRange } from './plan.ts'
import {
  type RecordsPiece,
  type RecordsSegment,
  type RecordsTarget,
  SegmentRecords,
  type WrittenRecords,
} from '../compose/records-target.ts'
import { StreamRecords } from './stream-records.ts'
import { workKey } from './work-keys.ts'

export interface RecordsResult extends PassResult {
  readonly segments: readonly RecordsSegment[]
  /** Of SpecStar's stream, where the export writes one; then there are no segments. */
  readonly pieces: readonly RecordsPiece[]
  readonly seen: BlobReferenceList
}

/** One pass over a child's ranges: every resource that the filters take, into one segment a model. */
export const exportRecords = (input: PassInput, services: Services): Promise<PassOutput> =>
  runPass(untyped<RecordsResult>('export-records'), input, services, (attempt) => exportPass(attempt, services))

/** Where a pass begins: the place of the model among the child's, and the first bucket. */
const parseCursor = (cursor = '0/'): { k: number; from: string | undefined } => {
  const [k = '0', from = ''] = cursor.split('/')
  return { k: Number(k), from: from === '' ? undefined : from }
}

const exportPass = async (attempt: Attempt, services: Services): Promise<RecordsResult> => {
  const { job_id, n } = attempt
  const job = await exportJob(services, job_id)
  const ranges = (await exportPlan(services, job_id)).items[n] ?? []
  const start = parseCursor(attempt.cursor)
  const seen = new BlobReferenceSet()
  const all: WrittenRecords[] = []
  let cursor: string | undefined
  for (const [k, range] of ranges.entries()) {
    if (k < start.k || cursor !== undefined) continue
    const from = k === start.k ? (start.from ?? range.from) : range.from
    const { written, stoppedAt } = await exportRange(attempt, services, k, { ...range, from }, job, seen)
    if (written !== undefined) all.push(written)
    if (stoppedAt !== undefined) cursor = `${k}/${stoppedAt}`
    else if (attempt.timeIsUp() && k + 1 < ranges.length) cursor = `${k + 1}/`
  }
  return {
    done: cursor === undefined,
    ...(cursor === undefined ? {} : { cursor }),
    segments: all.flatMap((written) => (written.kind === 'segment' ? [written.segment] : [])),
    pieces: all.flatMap((written) => (written.kind === 'piece' ? [written.piece] : [])),
    seen: await seen.write(services.objects, services.config.buckets.work, workKey.seen(job_id, n, attempt.attempt)),
  }
}

/** Streams one model's range into a segment (or piece) of its own, until its end or the bucket where the pass has to stop. */
const exportRange = async (
  attempt: Attempt,
  services: Services,
  k: number,
  range: ModelRange,
  job: ExportJob,
  seen: BlobReferenceSet,
): Promise<{ written?: WrittenRecords; stoppedAt?: string }> => {
  const { limits, payloads } = services
  const target = targetOf(attempt, services, k, range.model, job)
  const torn: string[] = []
  let bucket: string | undefined
  let stoppedAt: string | undefined
  let first: string | undefined
  // Where the filters take nothing, the loop below is not reached.
  const until = (h: string): boolean => {
    const next = h.slice(0, 4)
    first ??= next
    if (next === first || !attempt.timeIsUp()) return false
    stoppedAt = next
    return true
  }
  const onTorn = (id: string): void => void torn.push(id)
  try {
    for await (const { h, metadata, revisions } of readResources(services, range, job, { onTorn, until })) {
      const next = h.slice(0, 4)
      const full = target.bytesSoFar >= limits.segmentBytes || seen.size >= limits.seenBlobs
      if (bucket !== undefined && next !== bucket && (attempt.timeIsUp() || full)) {
        stoppedAt = next
        break
      }
      bucket = next
      await target.begin(metadata, h)
      for await (const revision of revisions) {
        await target.revision(revision)
        await collectBlobReferences(seen, range.model, revision, (sha256) => payloads.get(sha256))
      }
      await target.end()
    }
    if (torn.length > 0) throw new TornResourcesError(torn)
    return {
      ...(bucket === undefined ? {} : { written: await target.finish() }),
      ...(stoppedAt === undefined ? {} : { stoppedAt }),
    }
  } catch (error) {
    await target.abort()
    throw error
  }
}

const targetOf = (attempt: Attempt, services: Services, k: number, model: string, job: ExportJob): RecordsTarget => {
  const { job_id, n, pass } = attempt
  const { objects, config } = services
  const composer = new Composer(objects, config.buckets.work, workKey.segment(job_id, 'records', n, attempt.attempt, k))
  if (job.request.format === 'specstar') return new StreamRecords(services, composer, model, job.request.strict)
  const digestsKey = workKey.digests(job_id, n, attempt.attempt, k)
  return new SegmentRecords(services, composer, model, `${pad(n, 5)}-${pad(k, 2)}-${pad(pass, 2)}`, digestsKey)
}

const readResources = (
  { resources, models }: Services,
  { model, from, to }: ModelRange,
  job: ExportJob,
  options: ReadOptions,
): AsyncGenerator<StoredResource> => {
  const { filters } = job.request
  const filter = filterFor(job, models, model)
  if (filters.ids === undefined)
    return resources.resources(
      model,
      { from, to },
      Object.keys(filters).length === 0 ? options : { ...options, filter },
    )
  const ids = filters.ids.filter((id) => {
    const bucket = hashKeyOf(id).slice(0, 4)
    return bucket >= from && (to.length > 4 || bucket < to)
  })
  return resources.resourcesById(model, ids, { ...options, filter })
}

const pad = (value: number, digits: number): string => value.toString().padStart(digits, '0')
