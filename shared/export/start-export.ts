import { createWithinLimit } from '../jobs/admission.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { UnknownJobError } from '../jobs/errors.ts'
import {
  type Caller,
  fingerprintOf,
  hashOf,
  type IdempotencyRecord,
  jobIdentity,
  type JobIdentity,
} from '../jobs/identity.ts'
import { type ExportJob, hasEnded, type JobSource } from '../jobs/job.ts'
import type { ExportRequest } from '../jobs/job-request.ts'
import type { WorkflowEngine } from '../jobs/workflow-engine.ts'

interface StartExportServices {
  readonly jobs: JobStore
  readonly workflows: WorkflowEngine
  readonly clock: () => Date
}

/**
 * Starts an export and returns its job. If the caller has sent an `Idempotency-Key`, a repeated request returns the job
 * of the first request. Without this key, a request returns the job of an identical export, if such an export is queued
 * or running.
 */
export const startExport = async (
  services: StartExportServices,
  request: ExportRequest,
  caller: Caller,
  source: JobSource = 'api',
): Promise<ExportJob> => {
  const fingerprint = fingerprintOf({ kind: 'export', ...request })
  const now = services.clock()
  const newJob = newExport(request, caller.requestedBy, source, now)
  const job =
    caller.idempotencyKey === undefined
      ? await createShared(services, fingerprint, newJob, now)
      : await createKeyed(services, newJob, jobIdentity(caller, fingerprint, now))
  return startWorkflow(services, job)
}

/**
 * Starts an export whose job has the id in `identity`. If this job exists, or if an earlier request has claimed the
 * idempotency key in `identity`, returns the existing job.
 */
export const startNamedExport = async (
  services: StartExportServices,
  identity: JobIdentity,
  request: ExportRequest,
  requestedBy: string,
  source: JobSource,
): Promise<ExportJob> => {
  const newJob = newExport(request, requestedBy, source, services.clock())
  return startWorkflow(services, await createKeyed(services, newJob, identity))
}

type NewJob = (jobId: string) => ExportJob

const newExport =
  (request: ExportRequest, requested_by: string, source: JobSource, now: Date): NewJob =>
  (job_id) => ({
    job_id,
    kind: 'export',
    status: 'queued',
    source,
    requested_by,
    created_at: now.toISOString(),
    request,
  })

/**
 * Creates the job with the id in `identity`. If this job exists, returns the existing job, even if the job limit is
 * reached.
 */
const createKeyed = async (
  services: StartExportServices,
  newJob: NewJob,
  identity: JobIdentity,
): Promise<ExportJob> => {
  const create = (): Promise<ExportJob> => createJob(services, newJob, identity)
  const find = async (): Promise<ExportJob | undefined> =>
    (await services.jobs.get(identity.job_id)) === undefined ? undefined : create()
  return (await find()) ?? createWithinLimit(services, { kinds: ['running jobs'], find, create })
}

const createShared = async (
  services: StartExportServices,
  fingerprint: string,
  newJob: NewJob,
  now: Date,
): Promise<ExportJob> => {
  const find = (): Promise<ExportJob | undefined> => findIdentical(services.jobs, fingerprint)
  const create = (): Promise<ExportJob> => createUnderSharedKey(services, fingerprint, newJob, now)
  return (await find()) ?? createWithinLimit(services, { kinds: ['running jobs'], find, create })
}

/** Returns a queued or running export with the same request, or `undefined`. */
const findIdentical = async (jobs: JobStore, fingerprint: string): Promise<ExportJob | undefined> => {
  const running = await jobs.runningJobs()
  return running.find(
    (job): job is ExportJob =>
      job.kind === 'export' && fingerprintOf({ kind: 'export', ...job.request }) === fingerprint,
  )
}

/**
 * Creates a job for a request without an `Idempotency-Key`. Derives a key from the request and the current minute
 * instead, so that two identical requests at the same time create one job. If the job of this key has already ended,
 * replaces it.
 */
const createUnderSharedKey = async (
  services: StartExportServices,
  fingerprint: string,
  newJob: NewJob,
  now: Date,
): Promise<ExportJob> => {
  const key = hashOf(['identical export', fingerprint, now.toISOString().slice(0, 16)])
  let once: IdempotencyRecord = { key, fingerprint, expires: keyExpiry(now) }
  for (;;) {
    const { job_id } = jobIdentity({ requestedBy: '' }, fingerprint, now)
    const job = await createJob(services, newJob, { job_id, once })
    if (!hasEnded(job)) return job
    once = { ...once, replaces: job.job_id }
  }
}

/**
 * Returns the time from which the key may be deleted, in seconds since 1970. The key is used for only one minute. 15
 * minutes are a margin for clocks that differ.
 */
const keyExpiry = (now: Date): number => Math.floor(now.getTime() / 1000) + 15 * 60

const createJob = async (
  { jobs }: StartExportServices,
  newJob: NewJob,
  { job_id, once }: JobIdentity,
): Promise<ExportJob> => {
  const { job } = await jobs.create(newJob(job_id), once)
  // The job cannot be a restore. A restore has another fingerprint, so `create` would have thrown.
  if (job.kind !== 'export') throw new UnknownJobError(job.job_id, 'export')
  return job
}

/**
 * Starts the workflow of a queued job. Even an existing job may be queued, if an earlier request failed before it
 * started the workflow.
 */
const startWorkflow = async ({ workflows }: StartExportServices, job: ExportJob): Promise<ExportJob> => {
  if (job.status === 'queued') await workflows.start('export', job.job_id)
  return job
}
