import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import type { JobStore, StageResult } from './aws/job-store.ts'
import { JobCancelledError } from './errors.ts'
import { ENDED } from './job.ts'
import type { Limits } from './limits.ts'
import { nextPass, type PassInput, type PassOutput } from './messages.ts'
import { PassThrottling } from './pass-throttling.ts'
import type { ResultName, Stage } from './stage.ts'
import { beginStoring, whileStoring, withPassContext, withShorterBudget } from '../throttling/call-context.ts'
import { ThrottledError } from '../throttling/throttled-error.ts'

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
   * Returns true if the time limit of the pass is reached, or if `mustHandOver` has returned true. The pass must then
   * stop at the next position where another pass can continue. Throws `JobCancelledError` if the job has ended.
   */
  readonly timeIsUp: () => boolean
  /**
   * Decides whether the pass stores its finished work after an error. Returns true if AWS throttled a call until the
   * time of the invocation was used up. The pass must then stop without the unfinished work, and return a cursor. Its
   * further calls have additional time. For any other error, returns false, and the pass must throw the error.
   *
   * A pass must not call this function if it has no finished work. It must then throw the error, and the workflow
   * repeats the pass later.
   */
  readonly mustHandOver: (error: unknown) => boolean
}

/** The services that every pass needs. */
export interface PassServices {
  readonly jobs: JobStore
  readonly limits: Pick<Limits, 'passMs' | 'watchMs' | 'mapItems'>
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
  const keepResult = (result: Result): Promise<Result> =>
    whileStoring(() => jobs.keepResult(job_id, stage, n, pass, result))
  const result = kept ?? (await keepResult(await runWatched({ jobs, limits }, stage.name, input, work)))
  return nextPass(input, result, limits)
}

/**
 * Calls `work`. Every `watchMs`, reads the job's status, so that a pass of a cancelled job stops within seconds, even
 * if its calls are throttled. Also stores which calls were throttled, so that the job shows it.
 */
const runWatched = async <Result>(
  { jobs, limits }: PassServices,
  stage: ResultName,
  input: PassInput,
  work: (attempt: Attempt) => Promise<Result>,
): Promise<Result> => {
  const deadline = performance.now() + limits.passMs
  const cancellation = new AbortController()
  const throttling = new PassThrottling(jobs, input.job_id)
  const readStatus = async (): Promise<void> => {
    const status = await jobs.getStatus(input.job_id)
    if (status !== undefined && ENDED.includes(status)) cancellation.abort(new JobCancelledError(input.job_id, status))
  }
  // Errors are ignored, because the next read follows after `watchMs`. A call must not wait longer than that.
  const watch = (): void => {
    void withShorterBudget(limits.watchMs, () => Promise.allSettled([readStatus(), throttling.store()]))
  }
  const timer = setInterval(watch, limits.watchMs)
  let isHandingOver = false
  const attempt: Attempt = {
    ...input,
    attempt: randomUUID(),
    timeIsUp: () => {
      cancellation.signal.throwIfAborted()
      return isHandingOver || performance.now() >= deadline
    },
    mustHandOver: (error) => {
      if (!(error instanceof ThrottledError)) return false
      isHandingOver = true
      beginStoring()
      return true
    },
  }
  try {
    const context = { signal: cancellation.signal, throttled: throttling.calls }
    return await withPassContext(context, () => work(attempt))
  } finally {
    clearInterval(timer)
    await withShorterBudget(limits.watchMs, () => throttling.store()).catch(() => undefined)
    throttling.report({ ...input, stage })
  }
}

/**
 * Returns all results of a stage, sorted by map item and pass. A pass of a later stage must not call this function:
 * the time and cost of all passes together would grow with the square of the number of map items. The stage that plans
 * the passes calls it once, and writes to a file what each of them needs.
 */
export const allResults = async <Result>(
  { jobs }: { readonly jobs: JobStore },
  jobId: string,
  stage: Stage<Result, ResultName>,
): Promise<Result[]> => (await sortedResults({ jobs }, jobId, stage)).map(({ result }) => result)

/** Returns all results of a stage like `allResults`, with the numbers of their map items and passes. */
export const sortedResults = async <Result>(
  { jobs }: { readonly jobs: JobStore },
  jobId: string,
  stage: Stage<Result, ResultName>,
): Promise<StageResult<Result>[]> => {
  const all = await Array.fromAsync(jobs.results(jobId, stage))
  // The store sorts passes correctly only up to pass 999, because the keys contain three digits of their number.
  return all.sort((a, b) => a.n - b.n || a.pass - b.pass)
}
