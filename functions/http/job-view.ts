import type { Services } from '../../shared/runtime/services.ts'
import type { ExportJob, Job, JobStatus, RestoreJob } from '../../shared/jobs/job.ts'
import type { Problem } from '../../shared/problems/problem.ts'
import { ENDED, statusAt } from '../../shared/jobs/job.ts'
import { UnknownJobError } from '../../shared/jobs/errors.ts'
import { type Progress, progressOf } from '../../shared/jobs/progress.ts'

/** A job as callers see it. */
export interface JobView {
  readonly job_id: string
  readonly kind: Job['kind']
  readonly status: JobStatus
  readonly phase?: string
  readonly progress?: Progress['progress']
  readonly counts?: Progress['counts']
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

/** The job of this id. Throws `UnknownJobError` where there is none. */
export const jobOf = async ({ jobs }: Services, jobId: string): Promise<Job> => {
  const job = await jobs.get(jobId)
  if (job === undefined) throw new UnknownJobError(jobId)
  return job
}

export const jobPath = (jobId: string): string => `/_backup/jobs/${jobId}`

/** A job as the list shows it: without progress, and without a URL. */
export const summaryOf = (job: Job, now: Date): JobView => {
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

/** A job with its progress and its result. An export's URL is signed anew for this look. */
export const jobView = async (services: Services, job: Job): Promise<JobView> => {
  const progress = job.status === 'running' ? await progressOf(services.jobs, job) : undefined
  const result = await resultView(services, job)
  return {
    ...summaryOf(job, services.clock()),
    ...progress,
    ...(result === undefined ? {} : { result }),
  }
}

/** What a finished job answers: the body of `200`, and `result` of the job. Absent where it has no result. */
export const resultView = (services: Services, job: Job): Promise<object | undefined> =>
  job.kind === 'export' ? exportView(services, job) : Promise.resolve(restoreView(job))

const exportView = async (services: Services, job: ExportJob): Promise<object | undefined> => {
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
    missing_blobs: result.missing_blobs,
  }
}

const restoreView = (job: RestoreJob): object | undefined => {
  const { result, request } = job
  if (result === undefined) return undefined
  const { models, verification, dry_run, missing_blobs, blob_conflicts } = result
  const one = request.route_model === undefined ? undefined : models[request.route_model]
  return {
    job_id: job.job_id,
    status: job.status,
    ...(dry_run === undefined ? (one ?? { models }) : { dry_run: true, ...dry_run }),
    ...(verification === undefined ? {} : { verification }),
    ...(missing_blobs === undefined ? {} : { missing_blobs }),
    ...(blob_conflicts === undefined ? {} : { blob_conflicts }),
  }
}

/** A URL for one export's archive, and when it ends. Throws where the export has no archive. */
export const signArchive = async (
  { urls }: Services,
  { job_id, result, request }: ExportJob,
): Promise<{ readonly url: string; readonly expires_at: string }> => {
  if (result === undefined) throw new Error(`job ${job_id} has no archive to sign`)
  const { url, expires_at } = await urls.download(result.archive, `${request.route_model ?? 'backup'}.acbak`)
  return { url, expires_at: expires_at.toISOString() }
}

/** What was asked for, the filters at the level where the caller gave them. */
const requestView = (job: Job): object => {
  const { filters, models } = job.request
  const scope = { ...(models === undefined ? {} : { models }), ...filters }
  if (job.kind === 'export') return { ...scope, strict: job.request.strict, format: job.request.format }
  const { on_duplicate, dry_run, archive } = job.request
  return { ...scope, on_duplicate, dry_run, ...(archive === undefined ? {} : { archive }) }
}

const linksOf = (job: Job, status: JobStatus): Record<string, string> => {
  const self = jobPath(job.job_id)
  return {
    self,
    ...(job.kind === 'export' && (!ENDED.includes(status) || job.result !== undefined)
      ? { archive: `${self}/archive` }
      : {}),
    ...(job.kind === 'restore' && ENDED.includes(status) && status !== 'expired' ? { report: `${self}/report` } : {}),
    ...(ENDED.includes(status) ? {} : { cancel: `${self}/cancel` }),
  }
}
