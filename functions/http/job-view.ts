import * as z from 'zod'
import type { JobStore } from '../../shared/jobs/aws/job-store.ts'
import { withShorterBudget } from '../../shared/throttling/call-context.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import type { ThrottledAttempts } from '../../shared/throttling/throttled-calls.ts'
import { UnknownJobError } from '../../shared/jobs/errors.ts'
import { ENDED, type ExportJob, type Job, type JobStatus, type RestoreJob, statusAt } from '../../shared/jobs/job.ts'
import type { IdsWithoutResource, ListedResources } from '../../shared/jobs/job-lists.ts'
import type { UnrestorableList } from '../../shared/jobs/unrestorable-list.ts'
import { type Progress, progressOf } from '../../shared/jobs/progress.ts'
import type { SignedUrls } from '../../shared/objects/aws/signed-urls.ts'
import type { Problem } from '../../shared/problems/problem.ts'
import { checkView } from './check-view.ts'
import { withHint } from './missing-blobs-view.ts'
import { RESULT_COUNTERS } from './result-counters.ts'

/** The services that a function needs to create the job object of a response. */
export interface JobViewServices {
  readonly jobs: JobStore
  readonly urls: SignedUrls
  readonly clock: () => Date
}

/** The job object of the API. */
export interface JobView {
  readonly job_id: string
  readonly kind: Job['kind']
  readonly status: JobStatus
  readonly phase?: string
  readonly progress?: Progress['progress']
  readonly counts?: Progress['counts']
  /** The calls of the job that AWS throttled within the last two minutes. */
  readonly throttled?: readonly ThrottledAttempts[]
  readonly source: Job['source']
  readonly requested_by: string
  readonly created_at: string
  readonly started_at?: string
  readonly ended_at?: string
  readonly slot_expires_at?: string
  readonly request: object
  readonly result?: object
  readonly error?: Problem
  readonly links: Readonly<Record<string, string>>
}

/** Returns the job with this id. Throws `UnknownJobError` if there is no such job. */
export const findJob = async ({ jobs }: { readonly jobs: JobStore }, jobId: string): Promise<Job> => {
  const job = await jobs.get(jobId)
  if (job === undefined) throw new UnknownJobError(jobId)
  return job
}

export const jobPath = (jobId: string): string => `/_backup/jobs/${jobId}`

/** Returns the job object for a list of jobs. It has no progress and no result. */
export const jobSummary = (job: Job, now: Date): JobView => {
  const status = statusAt(job, now)
  const { job_id, kind, phase, source, requested_by, created_at, started_at, ended_at, slot_expires_at, error } = job
  return {
    job_id,
    kind,
    status,
    ...(phase === undefined ? {} : { phase }),
    source,
    requested_by,
    created_at,
    ...(started_at === undefined ? {} : { started_at }),
    ...(ended_at === undefined ? {} : { ended_at }),
    ...(slot_expires_at === undefined ? {} : { slot_expires_at }),
    request: requestView(job),
    ...(error === undefined ? {} : { error }),
    links: linksOf(job, status),
  }
}

/** Returns the job object with progress and result. The URLs are signed again in each call. */
export const jobView = async (services: JobViewServices, job: Job): Promise<JobView> => {
  const progress = job.status === 'running' ? await progressOf(services.jobs, job, RESULT_COUNTERS) : undefined
  const throttled = job.status === 'running' ? await throttledCalls(services, job) : []
  const result = await resultView(services, job)
  return {
    ...jobSummary(job, services.clock()),
    ...progress,
    ...(throttled.length === 0 ? {} : { throttled }),
    ...(result === undefined ? {} : { result }),
    ...(job.error === undefined ? {} : { error: await problemView(services, job.error) }),
  }
}

/** The time in milliseconds for which the read of the throttled calls is repeated. The response is complete without. */
const THROTTLED_READ_MS = 500

/** Returns the throttled calls of a running job. If their read is throttled itself, returns an empty list. */
const throttledCalls = async (
  { jobs }: Pick<JobViewServices, 'jobs'>,
  { job_id }: Job,
): Promise<readonly ThrottledAttempts[]> => {
  try {
    return await withShorterBudget(THROTTLED_READ_MS, () => jobs.throttled.recent(job_id))
  } catch (error) {
    if (!(error instanceof ThrottledError)) throw error
    return []
  }
}

const WithList = z.looseObject({
  unrestorable_resources: z.looseObject({ list: z.object({ bucket: z.string(), key: z.string() }) }),
})

/**
 * Returns the problem of a failed job. If an object lists all resources that cannot be restored, adds a signed URL of
 * this object.
 */
export const problemView = async ({ urls }: Pick<JobViewServices, 'urls'>, problem: Problem): Promise<Problem> => {
  const { data } = WithList.safeParse(problem)
  if (data === undefined) return problem
  const list = await signList(urls, data.unrestorable_resources.list)
  return { ...problem, unrestorable_resources: { ...data.unrestorable_resources, list } }
}

const signList = async (urls: SignedUrls, list: UnrestorableList): Promise<object> => {
  const { url, expires_at } = await urls.download(list, 'unrestorable.jsonl')
  return { ...list, url, expires_at: expires_at.toISOString() }
}

/**
 * Returns an object with the member `left_out` of a response. If an S3 object lists all resources, adds a signed URL of
 * this S3 object. If no resource is left out, returns an empty object.
 */
const leftOutView = async (
  { urls }: Pick<JobViewServices, 'urls'>,
  { left_out }: { readonly left_out?: ListedResources },
): Promise<{ readonly left_out?: object }> => {
  if (left_out === undefined) return {}
  const { list, ...listed } = left_out
  return { left_out: list === undefined ? listed : { ...listed, list: await signList(urls, list) } }
}

/**
 * Returns the result of a job, or `undefined` if the job has no result. Responses with status 200 contain the result
 * as their body. The job object contains it as the member `result`.
 */
export const resultView = async (services: Pick<JobViewServices, 'urls'>, job: Job): Promise<object | undefined> => {
  switch (job.kind) {
    case 'export':
      return exportView(services, job)
    case 'restore':
      return restoreView(services, job)
    case 'check':
      return checkView(job)
  }
}

const exportView = async (services: Pick<JobViewServices, 'urls'>, job: ExportJob): Promise<object | undefined> => {
  const { result } = job
  if (result === undefined) return undefined
  const { bucket, key, size, manifest_sha256, version_id } = result.archive
  const { url, expires_at } = await signArchive(services, job)
  return {
    job_id: job.job_id,
    status: job.status,
    url,
    expires_at,
    archive: {
      bucket,
      key,
      ...(version_id === undefined ? {} : { version_id }),
      size,
      ...(manifest_sha256 === undefined ? {} : { manifest_sha256 }),
    },
    models: result.models,
    complete: result.complete,
    missing_blobs: withHint(result.missing_blobs),
    ...(await leftOutView(services, result)),
    ...(result.omitted === undefined ? {} : { omitted: result.omitted }),
    ...(result.unaccounted === undefined ? {} : { unaccounted: result.unaccounted }),
    ...idsView(result),
    ...(result.suspicious === undefined ? {} : { suspicious: result.suspicious }),
  }
}

const restoreView = async (services: Pick<JobViewServices, 'urls'>, job: RestoreJob): Promise<object | undefined> => {
  const { result, request } = job
  if (result === undefined) return undefined
  const { models, verification, dry_run, missing_blobs, blob_conflicts } = result
  // A request to `/{model}/import` restores one model. Its response has the counts of this model at the top level.
  const counts = request.route_model === undefined ? undefined : models[request.route_model]
  return {
    job_id: job.job_id,
    status: job.status,
    ...(dry_run === undefined ? (counts ?? { models }) : { dry_run: true, ...dry_run }),
    ...(verification === undefined ? {} : { verification }),
    ...(missing_blobs === undefined ? {} : { missing_blobs: withHint(missing_blobs) }),
    ...(blob_conflicts === undefined ? {} : { blob_conflicts }),
    ...(await leftOutView(services, result)),
    ...idsView(result),
  }
}

const idsView = ({ not_found, excluded }: IdsWithoutResource): IdsWithoutResource => ({
  ...(not_found === undefined ? {} : { not_found }),
  ...(excluded === undefined ? {} : { excluded }),
})

/** Returns a signed URL for downloading the archive of an export. Throws if the job has no result. */
export const signArchive = async (
  { urls }: Pick<JobViewServices, 'urls'>,
  { job_id, result, request }: ExportJob,
): Promise<{ readonly url: string; readonly expires_at: string }> => {
  if (result === undefined) throw new Error(`job ${job_id} has no archive to sign`)
  const { url, expires_at } = await urls.download(result.archive, `${request.route_model ?? 'backup'}.acbak`)
  return { url, expires_at: expires_at.toISOString() }
}

/** Returns the parameters of the job's request. The filters are at the top level, as in the query string. */
const requestView = (job: Job): object => {
  if (job.kind === 'check') return { archive: job.request.archive }
  const { filters, models } = job.request
  const scope = { ...(models === undefined ? {} : { models }), ...filters }
  if (job.kind === 'export') return { ...scope, strict: job.request.strict, format: job.request.format }
  // Jobs of earlier releases have no `strict`, and were strict.
  const { on_duplicate, dry_run, strict = true, archive } = job.request
  return { ...scope, on_duplicate, dry_run, strict, ...(archive === undefined ? {} : { archive }) }
}

const linksOf = (job: Job, status: JobStatus): Record<string, string> => {
  const self = jobPath(job.job_id)
  return {
    self,
    ...(job.kind === 'export' && (!ENDED.includes(status) || job.result !== undefined)
      ? { archive: `${self}/archive` }
      : {}),
    ...(job.kind !== 'export' && ENDED.includes(status) && status !== 'expired' ? { report: `${self}/report` } : {}),
    ...(ENDED.includes(status) ? {} : { cancel: `${self}/cancel` }),
  }
}
