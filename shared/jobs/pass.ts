import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { JobStore } from './aws/job-store.ts'
import { JobCancelledError } from './errors.ts'
import { ENDED, type JobStatus } from './job.ts'
import type { Limits } from './limits.ts'
import type { PassInput, PassOutput } from './messages.ts'
import type { ResultName, Stage } from './stage.ts'

/**
 * The members that the result of every pass has. `done` is true if the map item is finished. If it is false, the next
 * pass continues at `cursor`.
 */
export const PassResult = z.object({ done: z.boolean(), cursor: z.exactOptional(z.string()) })
export type PassResult = z.output<typeof PassResult>

/** One attempt of one pass. */
export interface Attempt extends PassInput {
  /** A unique id, which is part of the names of the objects that this attempt writes. */
  readonly attempt: string
  /**
   * Returns true if the time limit of the pass is reached. The pass must then stop at the next position where another
   * pass can continue. Throws `JobCancelledError` if the job has ended.
   */
  readonly timeIsUp: () => boolean
}

/** The services that every pass needs. */
export interface PassServices {
  readonly jobs: JobStore
  readonly limits: Pick<Limits, 'passMs' | 'watchMs'>
}

/**
 * Runs one pass of a map item. The same pass may be attempted several times, even at the same time, for example after a
 * timeout. The result of the attempt that finishes first is stored. Every other attempt returns the stored result, so
 * the pass takes effect exactly once.
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

/** Calls `work`, and reads the job's status every `watchMs`, so that a pass of a cancelled job stops within seconds. */
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
  // The store sorts passes correctly only up to pass 999, because the keys contain three digits of their number.
  return all.sort((a, b) => a.n - b.n || a.pass - b.pass).map(({ result }) => result)
}
