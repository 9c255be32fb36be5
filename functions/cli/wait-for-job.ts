import { setTimeout as sleep } from 'node:timers/promises'
import { errorMessage } from '../../shared/values/error-message.ts'
import { ARCHIVE_DAMAGE } from '../../shared/problems/archive-damage.ts'
import { cancelJob } from './client/cancel-job.ts'
import { NoResponseError, ProblemError, UnreachableError } from './client/errors.ts'
import { findJob } from './client/find-job.ts'
import { hasEnded, type Job } from './client/job.ts'
import { isLocal } from './client/private-url.ts'
import type { CommandContext } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { InterruptedError } from './interrupted-error.ts'
import { ask, canAsk } from './terminal/ask.ts'
import type { Io } from './terminal/io.ts'
import { jobProgress, type JobProgress } from './terminal/job-progress.ts'
import type { Output } from './terminal/output.ts'
import { durationText } from './terminal/units.ts'

/** The wait between two requests for the state of a job. It grows, because long jobs change slowly. */
const WAIT = { firstMs: 150, factor: 1.3, localMs: 1_000, remoteMs: 5_000 } as const

/** The longest time without responses after which the wait ends. */
const MAX_OUTAGE = { localMs: 30_000, remoteMs: 600_000 } as const

interface WaitOptions {
  /**
   * True if the API has responded before, for example because it has started the job. Failures of the first request are
   * then repeated, too.
   */
  readonly hasResponded?: boolean
}

/**
 * Waits until a job has ended, and returns it. Shows its progress. On a terminal, Ctrl-C asks whether to cancel the
 * job; elsewhere, and if the user leaves the job running, throws `InterruptedError`. A temporary failure of the network
 * or the API does not end the wait. Errors contain the id of the job.
 */
export const waitForJob = async (
  context: CommandContext,
  jobId: string,
  { hasResponded = true }: WaitOptions = {},
): Promise<Job> => {
  const { api, io, output, settings } = context
  const progress = jobProgress(io, output)
  const longestMs = isLocal(settings()) ? WAIT.localMs : WAIT.remoteMs
  const maxOutageMs = isLocal(settings()) ? MAX_OUTAGE.localMs : MAX_OUTAGE.remoteMs
  const outage = new Outage(output, maxOutageMs, hasResponded)
  const interrupts = new Interrupts()
  const unsubscribe = io.onInterrupt(() => {
    interrupts.add()
  })
  const readJob = async (signal: AbortSignal): Promise<Job | undefined> => {
    try {
      const job = await findJob(api(), jobId, signal)
      outage.end()
      return job
    } catch (error) {
      signal.throwIfAborted()
      progress.pause()
      outage.add(error)
      return undefined
    }
  }
  try {
    for (let ms: number = WAIT.firstMs; ; ms = Math.min(ms * WAIT.factor, longestMs)) {
      const job = await interrupts.during(readJob)
      if (job !== undefined && hasEnded(job)) return job
      if (job !== undefined) progress.update(job)
      await interrupts.during((signal) => sleep(ms, undefined, { signal }))
      if (interrupts.take()) await onInterrupt(context, jobId, { progress, interrupts })
    }
  } catch (error) {
    const advice = `Job ${jobId} may still be running: specstar-backup show --wait ${jobId}`
    if (error instanceof UnreachableError) throw new UnreachableError(`${error.message}. ${advice}`, { cause: error })
    // After 404, there is no such job.
    if (error instanceof ProblemError && error.problem.status !== 404)
      throw new ProblemError({ ...error.problem, detail: `${error.problem.detail}. ${advice}` })
    throw error
  } finally {
    unsubscribe()
    progress.pause()
  }
}

const QUESTION =
  'Cancel the job (c), leave it running and end this command (l), or go on waiting?\nType c, l or nothing, then Enter: '

/** Asks what to do, and does it. Throws `InterruptedError` if the job goes on and the command ends. */
const onInterrupt = async (
  { api, io, output }: CommandContext,
  jobId: string,
  { progress, interrupts }: { readonly progress: JobProgress; readonly interrupts: Interrupts },
): Promise<void> => {
  progress.pause()
  if (!canAsk(io, output) || io.endingSignal?.() !== undefined) throw interrupted(jobId)
  const answer = await interrupts.during((signal) => askUntilAnswered(io, signal))
  if (answer === 'go on') return
  // A signal ends the question.
  if (answer !== 'cancel') throw interrupted(jobId)
  try {
    const cancelled = await interrupts.during((signal) => cancelJob(api(), jobId, signal))
    // Another Ctrl-C has ended the request.
    if (cancelled === undefined) throw interrupted(jobId)
  } catch (error) {
    // The job has ended meanwhile. Its state says how.
    if (!(error instanceof ProblemError && error.problem.type === 'conflict')) throw error
  }
}

/** Asks until the answer is valid. Returns undefined if a signal has ended the question. */
const askUntilAnswered = async (
  io: Pick<Io, 'stdin' | 'stderr'>,
  signal: AbortSignal,
): Promise<'cancel' | 'leave' | 'go on' | undefined> => {
  for (;;) {
    const answer = (await ask(io, QUESTION, signal))?.toLowerCase()
    if (answer === undefined) return undefined
    if (answer === '') return 'go on'
    for (const word of ['cancel', 'leave'] as const) if (word.startsWith(answer)) return word
  }
}

const interrupted = (jobId: string): InterruptedError =>
  new InterruptedError(`job ${jobId} goes on: specstar-backup show --wait ${jobId}`, jobId)

/** Remembers a Ctrl-C until it is taken, and ends what waits at this time. */
class Interrupts {
  #isPending = false
  #running: AbortController | undefined

  add(): void {
    this.#isPending = true
    this.#running?.abort()
  }

  take(): boolean {
    const isPending = this.#isPending
    this.#isPending = false
    return isPending
  }

  /** Calls `run`, and returns its result, or undefined if a Ctrl-C has ended it or is pending. */
  async during<Result>(run: (signal: AbortSignal) => Promise<Result>): Promise<Result | undefined> {
    if (this.#isPending) return undefined
    const running = new AbortController()
    this.#running = running
    try {
      return await run(running.signal)
    } catch (error) {
      if (running.signal.aborted) return undefined
      throw error
    } finally {
      this.#running = undefined
    }
  }
}

/** A time without responses of the API, which the wait for a job survives: it can last hours. */
class Outage {
  readonly #output: Output
  readonly #maxMs: number
  #hasResponded: boolean
  #began: number | undefined

  constructor(output: Output, maxMs: number, hasResponded: boolean) {
    this.#output = output
    this.#maxMs = maxMs
    this.#hasResponded = hasResponded
  }

  /** Called after each response. */
  end(): void {
    this.#hasResponded = true
    this.#began = undefined
  }

  /** Throws the error if it is not temporary, if the API has never responded, or if the outage lasts too long. */
  add(error: unknown): void {
    if (!isTemporary(error) || !this.#hasResponded) throw error
    const now = performance.now()
    if (this.#began === undefined) {
      this.#began = now
      const text = `${errorMessage(error)}. Trying again for ${durationText(this.#maxMs / 1000)}`
      if (!this.#output.json) this.#output.note(text)
    } else if (now - this.#began > this.#maxMs) throw error
  }
}

/** API Gateway returns 500 if a function fails to start, for example during a deployment. */
const isTemporary = (error: unknown): boolean =>
  error instanceof NoResponseError ||
  (error instanceof ProblemError && (error.problem.status === 429 || error.problem.status >= 500))

/** Returns the exit code for a job that has ended. */
export const exitCodeOf = ({ kind, status, error }: Pick<Job, 'kind' | 'status' | 'error'>): ExitCode => {
  switch (status) {
    case 'succeeded':
      return EXIT.succeeded
    case 'partial':
      return EXIT.partial
    case 'cancelled':
    case 'expired':
      return EXIT.cancelled
    default:
      // A restore of a damaged archive has not verified anything, so its code is that of an error.
      return error?.type === 'verification-failed' ||
        (kind === 'check' && error !== undefined && ARCHIVE_DAMAGE.includes(error.type))
        ? EXIT.verificationFailed
        : EXIT.error
  }
}
