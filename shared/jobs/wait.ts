import { setTimeout as sleep } from 'node:timers/promises'
import type { JobStore } from './aws/job-store.ts'
import { UnknownJobError } from './errors.ts'
import { hasEnded, type Job } from './job.ts'
import { ThrottledError } from '../throttling/throttled-error.ts'

/** The pause after the first read. It is short, because a small job ends within a second. */
const FIRST_PAUSE_MS = 25
/**
 * Each pause is longer than the pause before it by this factor, up to `MAX_PAUSE_MS`. The response is late by at most
 * the last pause. This is a tenth of the time waited before it, plus 25 ms, but at most one second. A wait of 20
 * seconds reads the job about 50 times.
 */
const PAUSE_FACTOR = 1.1
/** The longest pause between two reads. Longer pauses would save few reads, but would delay the response. */
const MAX_PAUSE_MS = 1000

/**
 * Waits until a job has ended, but for at most `seconds` seconds. Returns the job as it was read last. An expired
 * upload slot counts as ended. Throws `UnknownJobError` if there is no such job. Throws `ThrottledError` only if the
 * first read is throttled, because the caller should receive the job if it is known.
 */
export const waitForEnd = async (
  { jobs, clock }: { readonly jobs: JobStore; readonly clock: () => Date },
  jobId: string,
  seconds: number,
): Promise<Job> => {
  const deadline = performance.now() + seconds * 1000
  let job: Job | undefined
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * PAUSE_FACTOR, MAX_PAUSE_MS)) {
    try {
      job = await jobs.get(jobId)
    } catch (error) {
      if (job === undefined || !(error instanceof ThrottledError)) throw error
    }
    if (job === undefined) throw new UnknownJobError(jobId)
    const left = deadline - performance.now()
    if (hasEnded(job, clock()) || left <= 0) return job
    await sleep(Math.min(pause, left))
  }
}
