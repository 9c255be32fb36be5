import { setTimeout as sleep } from 'node:timers/promises'
import { hasEnded, type Job } from './job.ts'
import { UnknownJobError } from './errors.ts'
import type { JobStore } from './aws/job-store.ts'

/** A small job ends within a second: it is looked at often at first, and then once a second. */
const FIRST_LOOK_MS = 50
const LAST_LOOK_MS = 1000

/** Waits until a job has ended, or for so many seconds, and gives it as it then is. */
export const waitForEnd = async (jobs: JobStore, jobId: string, seconds: number): Promise<Job> => {
  const until = performance.now() + seconds * 1000
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.5, LAST_LOOK_MS)) {
    const job = await jobs.get(jobId)
    if (job === undefined) throw new UnknownJobError(jobId)
    const left = until - performance.now()
    if (hasEnded(job) || left <= 0) return job
    await sleep(Math.min(pause, left))
  }
}
