import type { Job } from '../api/schemas.ts'
import { hasEnded } from './phases.ts'

const LIVE_MS = 1_500
const IDLE_MS = 10_000

/** Returns the time until the jobs are requested again: soon if one of them is running, otherwise later. */
export const pollMs = (jobs: readonly { readonly status: string }[]): number =>
  jobs.some((job) => !hasEnded(job) && job.status !== 'awaiting_upload') ? LIVE_MS : IDLE_MS

type ListedJob = Pick<Job, 'job_id' | 'status'>

/** Returns true if a job has ended between two lists of jobs. A list is undefined while it is not loaded. */
export const hasAnotherEnded = (
  before: readonly ListedJob[] | undefined,
  after: readonly ListedJob[] = [],
): boolean => {
  if (before === undefined) return false
  const known = new Set(before.filter(hasEnded).map(({ job_id }) => job_id))
  return after.some((job) => hasEnded(job) && !known.has(job.job_id))
}
