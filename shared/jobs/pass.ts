import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { ENDED, type JobStatus } from './job.ts'
import type { JobStore } from './aws/job-store.ts'
import { JobCancelledError } from './find-job.ts'
import type { Limits } from './limits.ts'
import type { PassInput, PassOutput } from './messages.ts'
import type { Stage } from './stage.ts'

/** Members of every pass's result: whether the map item is finished, and where the next pass continues. */
export const PassResult = z.object({ done: z.boolean(), cursor: z.exactOptional(z.string()) })
export type PassResult = z.output<typeof PassResult>

/** What every pass uses: the job table, and the limits of the work of one pass. */
export interface PassServices {
  readonly jobs: JobStore
  readonly limits: Pick<Limits, 'passMs' | 'watchMs'>
}

/** One attempt at one pass. */
export interface Attempt extends PassInput {
  /** Names what this attempt writes. */
  readonly attempt: string
  /** True once the pass has worked as long as it may: then it stops at the next border. Throws `JobCancelledError`. */
  readonly timeIsUp: () => boolean
}

/**
 * Runs one pass of a child's loop, exactly once as far as anyone can see: the first attempt whose result is kept counts,
 * and every later one (a retry, a late zombie, a job run again after a crash) gives that attempt's answer and drops its own.
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
    kept ?? (await jobs.keepResult(job_id, stage, n, pass, await whileItRuns({ jobs, limits }, input, work)))
  return {
    job_id,
    n,
    pass: pass + 1,
    more: !result.done,
    ...(result.cursor === undefined ? {} : { cursor: result.cursor }),
  }
}

/** Works for as long as a pass may, and while the job has not ended: what it has written then stays, and no more is. */
const whileItRuns = async <Result>(
  { jobs, limits }: PassServices,
  input: PassInput,
  work: (attempt: Attempt) => Promise<Result>,
): Promise<Result> => {
  const until = performance.now() + limits.passMs
  let ended: JobStatus | undefined
  const look = async (): Promise<void> => {
    const status = await jobs.getStatus(input.job_id)
    if (status !== undefined && ENDED.includes(status)) ended = status
  }
  // A look that fails is followed by the next one.
  const watch = setInterval(() => void look().catch(() => undefined), limits.watchMs)
  try {
    return await work({
      ...input,
      attempt: randomUUID(),
      timeIsUp: () => {
        if (ended !== undefined) throw new JobCancelledError(input.job_id, ended)
        return performance.now() >= until
      },
    })
  } finally {
    clearInterval(watch)
  }
}

/** All results of a stage in the order of (child, pass). */
export const allResults = async <Result>(
  { jobs }: Pick<PassServices, 'jobs'>,
  jobId: string,
  stage: Stage<Result>,
): Promise<Result[]> => {
  const all = await Array.fromAsync(jobs.results(jobId, stage))
  // Their keys have three digits for a pass, and sort as text: a child may take more.
  return all.sort((a, b) => a.n - b.n || a.pass - b.pass).map(({ result }) => result)
}

/** A stage without a schema for its results, until `messages.ts` of the workflow has one. */
export const untyped = <Result>(name: string): Stage<Result> => ({ name, result: z.custom<Result>() })
