import { encodeBuckets } from '../archive/digest.ts'
import { RecordsWriter } from '../archive/records-writer.ts'
import { SegmentWriter, type SegmentSummary } from '../archive/segment-writer.ts'
import { SeenBlobs, type SeenList } from '../blobs/seen-blobs.ts'
import { type Attempt, type PassResult, runPass } from '../jobs/pass.ts'
import type { ExportJob } from '../jobs/job.ts'
import { takesOf } from '../jobs/job-filter.ts'
import { exportJob } from '../jobs/running-job.ts'
import type { PassInput, PassOutput } from '../jobs/stage-messages.ts'
import { Composer } from '../objects/composer.ts'
import type { PinnedObject } from '../objects/object.ts'
import { noteBlobs } from '../blobs/note-blobs.ts'
import { TornResourcesError } from '../resources/resource-errors.ts'
import { placeOf } from '../resources/place.ts'
import type { StoredResource } from '../resources/resource-store.ts'
import type { Services } from '../runtime/services.ts'
import { exportPlan, type ModelRange } from './plan.ts'
import { workKey } from './work-keys.ts'

/** A segment that a pass wrote into the work bucket. */
export interface WrittenSegment {
  readonly object: PinnedObject
  readonly summary: SegmentSummary
}

export interface RecordsSegment extends WrittenSegment {
  readonly model: string
  readonly resources: number
  readonly revisions: number
  /** The digests of the segment's buckets, 36 bytes each. */
  readonly digests: PinnedObject
}

export interface RecordsResult extends PassResult {
  readonly segments: readonly RecordsSegment[]
  readonly seen: SeenList
}

/** One pass over a child's ranges: every resource that the filters take, into one segment a model. */
export const exportRecords = (input: PassInput, services: Services): Promise<PassOutput> =>
  runPass<RecordsResult>('records', input, services, (attempt) => exportPass(attempt, services))

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
  const seen = new SeenBlobs()
  const segments: RecordsSegment[] = []
  let cursor: string | undefined
  for (const [k, range] of ranges.entries()) {
    if (k < start.k || cursor !== undefined) continue
    const from = k === start.k ? (start.from ?? range.from) : range.from
    const { segment, stoppedAt } = await exportRange(attempt, services, k, { ...range, from }, job, seen)
    if (segment !== undefined) segments.push(segment)
    if (stoppedAt !== undefined) cursor = `${k}/${stoppedAt}`
    else if (attempt.timeIsUp() && k + 1 < ranges.length) cursor = `${k + 1}/`
  }
  return {
    done: cursor === undefined,
    ...(cursor === undefined ? {} : { cursor }),
    segments,
    seen: await seen.write(services.objects, services.config.buckets.work, workKey.seen(job_id, n, attempt.attempt)),
  }
}

/** Streams one model's range into a segment of its own, until its end or the bucket where the pass has to stop. */
const exportRange = async (
  attempt: Attempt,
  services: Services,
  k: number,
  range: ModelRange,
  job: ExportJob,
  seen: SeenBlobs,
): Promise<{ segment?: RecordsSegment; stoppedAt?: string }> => {
  const { job_id, n, pass } = attempt
  const { objects, config, limits, payloads } = services
  const composer = new Composer(objects, config.buckets.work, workKey.segment(job_id, 'records', n, attempt.attempt, k))
  const name = `${pad(n, 5)}-${pad(k, 2)}-${pad(pass, 2)}`
  const segment = new SegmentWriter(name, composer, range.model)
  const records = new RecordsWriter(segment, range.model)
  const torn: string[] = []
  let bucket: string | undefined
  let stoppedAt: string | undefined
  try {
    for await (const { h, metadata, revisions } of readResources(services, range, job, torn)) {
      const next = h.slice(0, 4)
      const full = records.packedSoFar >= limits.segmentBytes || seen.size >= limits.seenBlobs
      if (bucket !== undefined && next !== bucket && (full || attempt.timeIsUp())) {
        stoppedAt = next
        break
      }
      bucket = next
      await records.begin(metadata, h)
      for await (const revision of revisions) {
        await records.revision(revision)
        await noteBlobs(seen, range.model, revision, (sha256) => payloads.get(sha256))
      }
      await records.end()
    }
    if (torn.length > 0) throw new TornResourcesError(torn)
    if (bucket === undefined) return {}
    const summary = await records.finish()
    return {
      segment: {
        model: range.model,
        resources: summary.resources,
        revisions: summary.revisions,
        summary: await segment.finish(),
        object: await composer.finish(),
        digests: await objects.put(
          config.buckets.work,
          workKey.digests(job_id, n, attempt.attempt, k),
          encodeBuckets(summary.buckets),
        ),
      },
      ...(stoppedAt === undefined ? {} : { stoppedAt }),
    }
  } catch (error) {
    await composer.abort()
    throw error
  }
}

const readResources = (
  { resources, models }: Services,
  { model, from, to }: ModelRange,
  job: ExportJob,
  torn: string[],
): AsyncGenerator<StoredResource> => {
  const { filters } = job.request
  const options = { filter: takesOf(job, models, model), onTorn: (id: string) => void torn.push(id) }
  if (filters.ids === undefined)
    return resources.resources(
      model,
      { from, to },
      Object.keys(filters).length === 0 ? { onTorn: options.onTorn } : options,
    )
  const ids = filters.ids.filter((id) => {
    const bucket = placeOf(id).slice(0, 4)
    return bucket >= from && (to.length > 4 || bucket < to)
  })
  return resources.resourcesById(model, ids, options)
}

const pad = (value: number, digits: number): string => value.toString().padStart(digits, '0')
