import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { JobStore } from './aws/job-store.ts'
import { JobCancelledError } from './errors.ts'
import { ENDED, type JobStatus } from './job.ts'
import type { Limits } from './limits.ts'
import type { PassInput, PassOutput } from './messages.ts'
import type { ResultName, Stage } from './stage.ts'

/**
 * The members that the result of every pass has. `done` is true if the map item is finished. Otherwise, the next pass
 * continues at `cursor`.
 */
export const PassResult = z.object({ done: z.boolean(), cursor: z.exactOptional(z.string()) })
export type PassResult = z.output<typeof PassResult>

/** One attempt of one pass. */
export interface Attempt extends PassInput {
  /** A unique id. The names of the objects that this attempt writes contain it. */
  readonly attempt: string
  /**
   * Returns true after the pass has used up its time. The pass must then stop as soon as the next pass can continue.
   * Throws `JobCancelledError` if the job has ended.
   */
  readonly timeIsUp: () => boolean
}

/** The services that every pass needs. */
export interface PassServices {
  readonly jobs: JobStore
  readonly limits: Pick<Limits, 'passMs' | 'watchMs'>
}

/**
 * Runs one pass of a map item. Several attempts may run the same pass: a retry, a function that outlives its execution,
 * or a job that runs again after a crash. The result of the attempt that finishes first is kept. Every other attempt
 * returns the kept result, so the pass takes effect exactly once.
 */
export const runPass = async <Result extends PassResult>(
  stage: Stage<Result, ResultName>,
  input: PassInput,
  { jobs, limits }: PassServices,
  work: (attempt: Attempt) => Promise<Result>,
): Promise<PassOutput> => {
  const { job_id, n, pass } = input
  const kept = await jobs.getResult(job_id, stage, n, pass)
  const result =
    kept ?? (await jobs.keepResult(job_id, stage, n, pass, await runWatched({ jobs, limits }, input, work)))
  return {
    job_id,
    n,
    pass: pass + 1,
    more: !result.done,
    ...(result.cursor === undefined ? {} : { cursor: result.cursor }),
  }
}

/**
 * Runs the work, and reads the job's status every `watchMs`, so that a pass of a cancelled job stops within seconds.
 */
const runWatched = async <Result>(
  { jobs, limits }: PassServices,
  input: PassInput,
  work: (attempt: Attempt) => Promise<Result>,
): Promise<Result> => {
  const deadline = performance.now() + limits.passMs
  let endedAs: JobStatus | undefined
  const readStatus = async (): Promise<void> => {
    const status = await jobs.getStatus(input.job_id)
    if (status !== undefined && ENDED.includes(status)) endedAs = status
  }
  // A failed read is ignored, because the next read follows after `watchMs`.
  const watch = setInterval(() => void readStatus().catch(() => undefined), limits.watchMs)
  try {
    return await work({
      ...input,
      attempt: randomUUID(),
      timeIsUp: () => {
        if (endedAs !== undefined) throw new JobCancelledError(input.job_id, endedAs)
        return performance.now() >= deadline
      },
    })
  } finally {
    clearInterval(watch)
  }
}

/** Returns all results of a stage, sorted by map item and pass. */
export const allResults = async <Result>(
  { jobs }: { readonly jobs: JobStore },
  jobId: string,
  stage: Stage<Result, ResultName>,
): Promise<Result[]> => {
  const all = await Array.fromAsync(jobs.results(jobId, stage))
  // The store sorts passes correctly only up to 999, because their keys have three digits.
  return all.sort((a, b) => a.n - b.n || a.pass - b.pass).map(({ result }) => result)
}
