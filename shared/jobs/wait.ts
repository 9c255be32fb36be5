import { setTimeout as sleep } from 'node:timers/promises'
import type { JobStore } from './aws/job-store.ts'
import { UnknownJobError } from './errors.ts'
import { hasEnded, type Job } from './job.ts'

/**
 * The pause after the first read. It is short because a small job ends within a second. Each pause is 1.5 times longer.
 */
const FIRST_PAUSE_MS = 50
/** The longest pause between two reads. It limits the cost of waiting for a long job. */
const LAST_PAUSE_MS = 1000

/**
 * Waits until a job has ended, but at most `seconds`. Returns the job in its last state. Throws `UnknownJobError` if
 * there is no such job.
 */
export const waitForEnd = async (jobs: JobStore, jobId: string, seconds: number): Promise<Job> => {
  const deadline = performance.now() + seconds * 1000
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LAST_PAUSE_MS)) {
    const job = await jobs.get(jobId)
    if (job === undefined) throw new UnknownJobError(jobId)
    const left = deadline - performance.now()
    if (hasEnded(job) || left <= 0) return job
    await sleep(Math.min(pause, left))
  }
}
