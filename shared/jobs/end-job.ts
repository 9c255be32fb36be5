import type { JobPatch, JobStore } from './aws/job-store.ts'
import { hasEnded, type Job, type JobStatus } from './job.ts'
import { type JobEvents, jobEndedEvent } from './job-events.ts'

/** What ending a job uses. */
export interface EndJobServices {
  readonly jobs: JobStore
  readonly events: JobEvents
  readonly clock: () => Date
  /** The deployment's name is part of the event. */
  readonly config: { readonly deployment: string }
}

/** Ends a job that has one of the statuses in `from`. Returns `undefined` if it has another one. `publishJobEnded` must follow. */
export const endJob = (
  { jobs, clock }: Pick<EndJobServices, 'jobs' | 'clock'>,
  jobId: string,
  ending: JobPatch & { readonly status: JobStatus },
  from: readonly JobStatus[],
): Promise<Job | undefined> => jobs.change(jobId, { ...ending, ended_at: clock().toISOString() }, { from })

/**
 * Publishes that a job has ended. This is the last step of every job, so that nothing else waits for the event bus. Repeating it
 * publishes the event again, in case an earlier attempt died before it.
 */
export const publishJobEnded = async (
  { jobs, events, config }: Pick<EndJobServices, 'jobs' | 'events' | 'config'>,
  jobId: string,
): Promise<void> => {
  const job = await jobs.get(jobId)
  if (job !== undefined && hasEnded(job)) await events.ended(jobEndedEvent(config.deployment, job))
}
