import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { JobStore } from './aws/job-store.ts'
import { JobCancelledError } from './errors.ts'
import { ENDED, type JobStatus } from './job.ts'
import type { Limits } from './limits.ts'
import type { PassInput, PassOutput } from './messages.ts'
import type { Stage } from './stage.ts'

/** Members of every pass's result: whether the map item is finished, and where the next pass continues. */
export const PassResult = z.object({ done: z.boolean(), cursor: z.exactOptional(z.string()) })
export type PassResult = z.output<typeof PassResult>

/** One attempt of one pass. */
export interface Attempt extends PassInput {
  /** Unique: names the objects that this attempt writes. */
  readonly attempt: string
  /** True once the pass has used up its time: it must stop at the next border. Throws `JobCancelledError` if the job has ended. */
  readonly timeIsUp: () => boolean
}

/** What every pass uses: the job table, and the limits of one pass. */
export interface PassServices {
  readonly jobs: JobStore
  readonly limits: Pick<Limits, 'passMs' | 'watchMs'>
}

/**
 * Runs one pass of a map item's loop, with the effect of running it exactly once. The first attempt whose result is kept counts.
 * Every later attempt (a retry, a function that outlives its execution, a job that is run again after a crash) returns that result.
 */
export const runPass = async <Result extends PassResult>(
  stage: Stage<Result>,
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

/** Runs the work and reads the job's status from time to time, so that a pass of a cancelled job stops within seconds. */
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
  // A read that fails is followed by the next one.
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

/** All results of a stage, in the order of map items and passes. */
export const allResults = async <Result>(
  { jobs }: { readonly jobs: JobStore },
  jobId: string,
  stage: Stage<Result>,
): Promise<Result[]> => {
  const all = await Array.fromAsync(jobs.results(jobId, stage))
  // Keys sort as text and hold three digits for the pass, but a map item may take more passes.
  return all.sort((a, b) => a.n - b.n || a.pass - b.pass).map(({ result }) => result)
}
