import type { JobStore } from './aws/job-store.ts'
import type { ExportJob, RestoreJob } from './job.ts'
import { UnknownJobError } from './errors.ts'

/** The export job of this id. */
export const exportJob = async ({ jobs }: { readonly jobs: JobStore }, jobId: string): Promise<ExportJob> => {
  const job = await jobs.get(jobId)
  if (job?.kind !== 'export') throw new UnknownJobError(jobId)
  return job
}

/** The restore job of this id. */
export const restoreJob = async ({ jobs }: { readonly jobs: JobStore }, jobId: string): Promise<RestoreJob> => {
  const job = await jobs.get(jobId)
  if (job?.kind !== 'restore') throw new UnknownJobError(jobId)
  return job
}

/** Marks a job as running. A job that ended meanwhile (cancelled, say) is not revived. */
export const beginJob = async (
  { jobs, clock }: { readonly jobs: JobStore; readonly clock: () => Date },
  jobId: string,
): Promise<void> => {
  const started = { status: 'running', started_at: clock().toISOString() } as const
  if ((await jobs.change(jobId, started, { from: ['queued'] })) !== undefined) return
  const existing = await jobs.get(jobId)
  if (existing?.status !== 'running') throw new JobCancelledError(jobId, existing?.status ?? 'gone')
}

export class JobCancelledError extends Error {
  override readonly name = 'JobCancelledError'

  constructor(jobId: string, status: string) {
    super(`job ${jobId} is ${status}: it is not run`)
  }
}
