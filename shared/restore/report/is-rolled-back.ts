import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { Job } from '../../jobs/job.ts'
import { ROLLBACK } from '../messages/apply.ts'

/**
 * Returns true if all workers of the rollback of a job have finished, and false if some have not. Returns `undefined`
 * if no rollback has begun. The error of the job does not show this: if a worker dies, it stores no error, so the job
 * fails with the conflict that caused the rollback.
 */
export const isRolledBack = async (
  { jobs }: { readonly jobs: Pick<JobStore, 'results'> },
  { job_id, phase, planned }: Pick<Job, 'job_id' | 'phase' | 'planned'>,
): Promise<boolean | undefined> => {
  if (phase !== ROLLBACK.name) return undefined
  let done = 0
  for await (const { result } of jobs.results(job_id, ROLLBACK)) if (result.done) done += 1
  return done === planned?.[ROLLBACK.name]
}
