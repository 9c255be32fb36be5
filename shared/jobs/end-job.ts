import type { Services } from '../runtime/services.ts'
import { hasEnded, type Job, type JobStatus } from './job.ts'
import { jobEndedEvent } from './job-events.ts'
import type { JobPatch } from './aws/job-store.ts'

type Parts = Pick<Services, 'jobs' | 'events' | 'clock' | 'config'>

/** Ends a job that has one of these statuses; undefined where it had ended otherwise. `publishJobEnded` follows. */
export const endJob = (
  { jobs, clock }: Parts,
  jobId: string,
  ending: JobPatch & { readonly status: JobStatus },
  from: readonly JobStatus[],
): Promise<Job | undefined> => jobs.change(jobId, { ...ending, ended_at: clock().toISOString() }, { from })

/**
 * Tells of a job that has ended: the last thing that is done for it, so that nothing else waits for the bus. A repeat tells
 * again, for whoever died between the two.
 */
export const publishJobEnded = async ({ jobs, events, config }: Parts, jobId: string): Promise<void> => {
  const job = await jobs.get(jobId)
  if (job !== undefined && hasEnded(job)) await events.ended(jobEndedEvent(config.deployment, job))
}
