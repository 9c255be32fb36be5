import { setTimeout as sleep } from 'node:timers/promises'
import type { JobStore } from './aws/job-store.ts'
import { UnknownJobError } from './errors.ts'
import { hasEnded, type Job } from './job.ts'

/** A small job ends within a second, so the first reads follow each other quickly. */
const FIRST_PAUSE_MS = 50
const LAST_PAUSE_MS = 1000

/** Waits until the job has ended, but at most `seconds`, and returns it. Throws `UnknownJobError`. */
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
