import { createWithinLimit } from '../../jobs/admission.ts'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import { UnknownJobError } from '../../jobs/errors.ts'
import type { JobIdentity } from '../../jobs/identity.ts'
import type { Job, JobSource, RestoreJob } from '../../jobs/job.ts'
import type { RestoreRequest } from '../../jobs/job-request.ts'
import type { WorkflowEngine } from '../../jobs/workflow-engine.ts'

interface NewRestore {
  readonly request: RestoreRequest
  readonly status: 'queued' | 'awaiting_upload'
  readonly source: JobSource
  readonly requestedBy: string
  readonly slotExpiresAt?: string
}

/**
 * Creates the job of a restore. If a job with this id exists, returns the existing job. Throws `TooManyJobsError` if
 * a job limit is reached.
 */
export const createRestore = async (
  { jobs, clock }: { readonly jobs: JobStore; readonly clock: () => Date },
  { job_id, once }: JobIdentity,
  { request, status, source, requestedBy, slotExpiresAt }: NewRestore,
): Promise<RestoreJob> => {
  const job: RestoreJob = {
    job_id,
    kind: 'restore',
    status,
    source,
    requested_by: requestedBy,
    created_at: clock().toISOString(),
    request,
    ...(slotExpiresAt === undefined ? {} : { slot_expires_at: slotExpiresAt }),
  }
  return createWithinLimit(
    { jobs },
    {
      kinds:
        status !== 'queued' ? ['slots'] : source === 'upload' ? ['running jobs', 'queued uploads'] : ['running jobs'],
      find: () => (once === undefined ? findRestore(jobs, job_id) : findRepeated({ jobs }, { job_id, once })),
      create: async () => asRestore((await jobs.create(job, once)).job),
    },
  )
}

/**
 * Returns the job that an earlier request with the same idempotency key created, or undefined if there is no such job.
 * The job keeps the archive of the earlier request. Throws `IdempotencyMismatchError` if the two requests differ.
 */
export const findRepeated = async (
  { jobs }: { readonly jobs: JobStore },
  { job_id, once }: JobIdentity,
): Promise<RestoreJob | undefined> => {
  if (once === undefined) return undefined
  const existing = await jobs.get(job_id)
  // `create` does not replace an existing job. It only compares the requests, and throws `IdempotencyMismatchError` if
  // they differ.
  return existing === undefined ? undefined : asRestore((await jobs.create(existing, once)).job)
}

/** Starts the workflow of a queued job. If the workflow was already started, this has no effect. */
export const startWorkflow = async (
  { workflows }: { readonly workflows: WorkflowEngine },
  job: RestoreJob,
): Promise<RestoreJob> => {
  if (job.status === 'queued') await workflows.start('restore', job.job_id)
  return job
}

const findRestore = async (jobs: JobStore, jobId: string): Promise<RestoreJob | undefined> => {
  const existing = await jobs.get(jobId)
  return existing === undefined ? undefined : asRestore(existing)
}

const asRestore = (job: Job): RestoreJob => {
  // The job cannot be an export. An export has another fingerprint, so `create` would have thrown.
  if (job.kind !== 'restore') throw new UnknownJobError(job.job_id)
  return job
}
