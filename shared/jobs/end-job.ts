import type { Services } from '../runtime/services.ts'
import type { Job, JobStatus } from './job.ts'
import { endedJob } from './job-events.ts'
import type { JobPatch } from './job-store.ts'

/**
 * Ends a job that has one of these statuses, and tells of it; undefined where it had ended otherwise. A repeat tells again: a
 * stage may have died between the two.
 */
export const endJob = async (
  { jobs, events, clock, config }: Pick<Services, 'jobs' | 'events' | 'clock' | 'config'>,
  jobId: string,
  ending: JobPatch & { readonly status: JobStatus },
  from: readonly JobStatus[],
): Promise<Job | undefined> => {
  const ended = await jobs.change(jobId, { ...ending, ended_at: clock().toISOString() }, { from })
  const told = ended ?? (await jobs.get(jobId))
  if (told?.status === ending.status) await events.ended(endedJob(config.deployment, told))
  return ended
}
