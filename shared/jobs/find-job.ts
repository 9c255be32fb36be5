import type { Services } from '../runtime/services.ts'
import type { ExportJob, RestoreJob } from './job.ts'
import { UnknownJobError } from './errors.ts'

/** The export job of this id. */
export const exportJob = async (services: Services, jobId: string): Promise<ExportJob> => {
  const job = await services.jobs.get(jobId)
  if (job?.kind !== 'export') throw new UnknownJobError(jobId)
  return job
}

/** The restore job of this id. */
export const restoreJob = async (services: Services, jobId: string): Promise<RestoreJob> => {
  const job = await services.jobs.get(jobId)
  if (job?.kind !== 'restore') throw new UnknownJobError(jobId)
  return job
}

/** Marks a job as running. A job that ended meanwhile (cancelled, say) is not revived. */
export const beginJob = async (services: Services, jobId: string): Promise<void> => {
  const started = { status: 'running', started_at: services.clock().toISOString() } as const
  if ((await services.jobs.change(jobId, started, { from: ['queued'] })) !== undefined) return
  const standing = await services.jobs.get(jobId)
  if (standing?.status !== 'running') throw new JobCancelledError(jobId, standing?.status ?? 'gone')
}

export class JobCancelledError extends Error {
  override readonly name = 'JobCancelledError'

  constructor(jobId: string, status: string) {
    super(`job ${jobId} is ${status}: it is not run`)
  }
}
