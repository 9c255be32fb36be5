import { createWithinLimit } from '../../jobs/admission.ts'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import { type LimitedKind, UnknownJobError } from '../../jobs/errors.ts'
import type { JobIdentity } from '../../jobs/identity.ts'
import type { ArchiveJob, Job } from '../../jobs/job.ts'
import type { WorkflowEngine } from '../../jobs/workflow-engine.ts'

type ArchiveJobKind = ArchiveJob['kind']
type JobOf<Kind extends ArchiveJobKind> = Extract<ArchiveJob, { readonly kind: Kind }>

/**
 * Creates a job that reads an archive. If a job with this id exists, returns the existing job. `limits` are the limits
 * that apply. Throws `TooManyJobsError` if one of them is reached.
 */
export const createJob = async <Kind extends ArchiveJobKind>(
  { jobs }: { readonly jobs: JobStore },
  job: JobOf<Kind> & { readonly kind: Kind },
  { once }: JobIdentity,
  limits: readonly [LimitedKind, ...LimitedKind[]],
): Promise<JobOf<Kind>> => {
  const { job_id, kind } = job
  return createWithinLimit(
    { jobs },
    {
      kinds: limits,
      find: async () => {
        if (once !== undefined) return findRepeated({ jobs }, { job_id, once }, kind)
        const existing = await jobs.get(job_id)
        return existing === undefined ? undefined : asKind(existing, kind)
      },
      create: async () => asKind((await jobs.create(job, once)).job, kind),
    },
  )
}

/**
 * Returns the job that an earlier request with the same idempotency key created, or undefined if there is no such job.
 * The job keeps the archive of the earlier request. Throws `IdempotencyMismatchError` if the two requests differ.
 */
export const findRepeated = async <Kind extends ArchiveJobKind>(
  { jobs }: { readonly jobs: JobStore },
  { job_id, once }: JobIdentity,
  kind: Kind,
): Promise<JobOf<Kind> | undefined> => {
  if (once === undefined) return undefined
  const existing = await jobs.get(job_id)
  // `create` does not replace an existing job. It only compares the requests, and throws `IdempotencyMismatchError` if
  // they differ.
  return existing === undefined ? undefined : asKind((await jobs.create(existing, once)).job, kind)
}

/** Starts the workflow of a queued job. If the workflow was already started, this has no effect. */
export const startWorkflow = async <Started extends ArchiveJob>(
  { workflows }: { readonly workflows: WorkflowEngine },
  job: Started,
): Promise<Started> => {
  if (job.status === 'queued') await workflows.start(job.kind, job.job_id)
  return job
}

const asKind = <Kind extends ArchiveJobKind>(job: Job, kind: Kind): JobOf<Kind> => {
  // The job has this kind. A request of another kind has another fingerprint, so `create` would have thrown.
  if (!isOfKind(job, kind)) throw new UnknownJobError(job.job_id, kind)
  return job
}

const isOfKind = <Kind extends ArchiveJobKind>(job: Job, kind: Kind): job is JobOf<Kind> => job.kind === kind
