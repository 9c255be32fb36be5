import { hasEnded, type Job, type JobStatus } from './job.ts'
import { jobEndedEvent, type JobEvents } from './job-events.ts'
import type { JobPatch, JobStore } from './aws/job-store.ts'

/** What ending a job uses. */
export interface EndJobServices {
  readonly jobs: JobStore
  readonly events: JobEvents
  readonly clock: () => Date
  readonly config: { readonly deployment: string }
}

/** Ends a job that has one of these statuses; undefined where it had ended otherwise. `publishJobEnded` follows. */
export const endJob = (
  { jobs, clock }: Pick<EndJobServices, 'jobs' | 'clock'>,
  jobId: string,
  ending: JobPatch & { readonly status: JobStatus },
  from: readonly JobStatus[],
): Promise<Job | undefined> => jobs.change(jobId, { ...ending, ended_at: clock().toISOString() }, { from })

/**
 * Tells of a job that has ended: the last thing that is done for it, so that nothing else waits for the bus. A repeat tells
 * again, for whoever died between the two.
 */
export const publishJobEnded = async (
  { jobs, events, config }: Pick<EndJobServices, 'jobs' | 'events' | 'config'>,
  jobId: string,
): Promise<void> => {
  const job = await jobs.get(jobId)
  if (job !== undefined && hasEnded(job)) await events.ended(jobEndedEvent(config.deployment, job))
}
