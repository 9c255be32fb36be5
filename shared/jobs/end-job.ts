import type { JobPatch, JobStore } from './aws/job-store.ts'
import { hasEnded, type Job, type JobStatus } from './job.ts'
import { type JobEvents, jobEndedEvent } from './job-events.ts'

/** The stores and settings that are needed to end a job. */
export interface EndJobServices {
  readonly jobs: JobStore
  readonly events: JobEvents
  readonly clock: () => Date
  /** The event contains the name of the deployment. */
  readonly config: { readonly deployment: string }
}

/**
 * Ends a job if its status is one of `from`, and returns the job. Otherwise, returns `undefined`. The caller must then
 * call `publishJobEnded`.
 */
export const endJob = (
  { jobs, clock }: Pick<EndJobServices, 'jobs' | 'clock'>,
  jobId: string,
  ending: JobPatch & { readonly status: JobStatus },
  from: readonly JobStatus[],
): Promise<Job | undefined> => jobs.change(jobId, { ...ending, ended_at: clock().toISOString() }, { from })

/**
 * Publishes the event that reports the end of a job. Does nothing if the job has not ended, or if an earlier attempt
 * has published the event, so that the metrics do not count the job twice. This must be the last step of a job, so that
 * no other step fails or waits because of the event bus.
 */
export const publishJobEnded = async (
  { jobs, events, config, clock }: EndJobServices,
  jobId: string,
): Promise<void> => {
  const job = await jobs.get(jobId)
  if (job === undefined || !hasEnded(job) || job.published_at !== undefined) return
  await events.ended(jobEndedEvent(config.deployment, job))
  await jobs.keepPublished(jobId, clock())
}
