import type { JobStore } from './aws/job-store.ts'
import { JobCancelledError, UnknownJobError } from './errors.ts'
import type { ArchiveJob, ExportJob, RestoreJob } from './job.ts'

interface Jobs {
  readonly jobs: JobStore
}

/** Returns the export job with this id. Throws `UnknownJobError` if there is no such job, or if it has another kind. */
export const exportJob = async ({ jobs }: Jobs, jobId: string): Promise<ExportJob> => {
  const job = await jobs.get(jobId)
  if (job?.kind !== 'export') throw new UnknownJobError(jobId, 'export')
  return job
}

/**
 * Returns the restore job with this id. Throws `UnknownJobError` if there is no such job, or if it has another kind.
 */
export const restoreJob = async ({ jobs }: Jobs, jobId: string): Promise<RestoreJob> => {
  const job = await jobs.get(jobId)
  if (job?.kind !== 'restore') throw new UnknownJobError(jobId, 'restore')
  return job
}

/**
 * Returns the restore or check with this id. Throws `UnknownJobError` if there is no such job, or if it is an export.
 */
export const archiveJob = async ({ jobs }: Jobs, jobId: string): Promise<ArchiveJob> => {
  const job = await jobs.get(jobId)
  if (job === undefined || job.kind === 'export') throw new UnknownJobError(jobId, 'restore or check')
  return job
}

/** Sets the status of a queued job to `running`. Throws `JobCancelledError` if the job has already ended. */
export const beginJob = async (
  { jobs, clock }: Jobs & { readonly clock: () => Date },
  jobId: string,
): Promise<void> => {
  const running = { status: 'running', started_at: clock().toISOString() } as const
  if ((await jobs.change(jobId, running, { from: ['queued'] })) !== undefined) return
  const job = await jobs.get(jobId)
  if (job?.status !== 'running') throw new JobCancelledError(jobId, job?.status ?? 'deleted')
}
