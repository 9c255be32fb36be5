import pMap from 'p-map'
import { problemOf } from '../problems/problem.ts'
import { logger } from '../telemetry/telemetry.ts'
import type { JobStore } from './aws/job-store.ts'
import { endJob } from './end-job.ts'
import { JobNotStartedError } from './errors.ts'
import type { Job } from './job.ts'

/**
 * The time within which the workflow of a queued job starts. It usually takes seconds, or minutes if AWS throttles the
 * first stage.
 */
const STARTS_WITHIN_MS = 3_600_000
/** The number of jobs that are ended at the same time. */
const ENDED_AT_ONCE = 10

/**
 * Returns true if the workflow of a job was not started in time, because the request failed after it had created the
 * job, and was not repeated. Uploads may wait for hours, and the job of a slot is created long before its upload.
 */
export const wasNotStarted = ({ status, source, slot_expires_at, created_at }: Job, now: Date): boolean =>
  status === 'queued' &&
  source !== 'upload' &&
  slot_expires_at === undefined &&
  now.getTime() - Date.parse(created_at) >= STARTS_WITHIN_MS

/**
 * Ends those of the active jobs that were not started in time, so that they do not count against the limits for ever.
 * Returns the other jobs. No event is published for the ended jobs: the request that could not start them has failed.
 */
export const endUnstartedJobs = async (
  services: { readonly jobs: JobStore; readonly clock: () => Date },
  active: readonly Job[],
): Promise<Job[]> => {
  const now = services.clock()
  const unstarted = active.filter((job) => wasNotStarted(job, now))
  const error = problemOf(new JobNotStartedError())
  await pMap(unstarted, ({ job_id }) => endJob(services, job_id, { status: 'failed', error }, ['queued']), {
    concurrency: ENDED_AT_ONCE,
  })
  if (unstarted.length > 0)
    logger.error('the workflows of jobs were not started', { job_ids: unstarted.map(({ job_id }) => job_id) })
  return active.filter((job) => !unstarted.includes(job))
}
