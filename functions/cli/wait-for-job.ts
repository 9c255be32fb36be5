import { setTimeout as sleep } from 'node:timers/promises'
import { cancelJob } from './client/cancel-job.ts'
import { ProblemError, UnreachableError } from './client/errors.ts'
import { findJob } from './client/find-job.ts'
import { hasEnded, type Job } from './client/job.ts'
import { isLocal } from './client/settings.ts'
import type { CommandContext } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { InterruptedError } from './interrupted-error.ts'
import { ask } from './terminal/ask.ts'
import { jobProgress, type JobProgress } from './terminal/job-progress.ts'

/** The wait between two requests for the state of a job. It grows, because long jobs change slowly. */
const WAIT = { firstMs: 150, factor: 1.3, localMs: 1_000, remoteMs: 5_000 } as const

/**
 * Waits until a job has ended, and returns it. Shows its progress. On a terminal, Ctrl-C asks whether to cancel the job;
 * elsewhere, and if the user leaves the job running, throws `InterruptedError`.
 */
export const waitForJob = async (context: CommandContext, jobId: string): Promise<Job> => {
  const { api, io, output, settings } = context
  const progress = jobProgress(io, output)
  const longestMs = isLocal(settings()) ? WAIT.localMs : WAIT.remoteMs
  const interrupts = new Interrupts()
  const unsubscribe = io.onInterrupt(() => {
    interrupts.add()
  })
  try {
    for (let ms: number = WAIT.firstMs; ; ms = Math.min(ms * WAIT.factor, longestMs)) {
      const job = await findJob(api(), jobId)
      if (hasEnded(job)) return job
      progress.update(job)
      await Promise.race([sleep(ms), interrupts.next()])
      if (interrupts.take()) await onInterrupt(context, jobId, progress)
    }
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error
    throw new UnreachableError(`${error.message}. Job ${jobId} may still be running`, { cause: error })
  } finally {
    unsubscribe()
    progress.pause()
  }
}

const QUESTION = 'Cancel the job (c), leave it running and end this command (l), or go on waiting (Enter)? '

/** Asks what to do, and does it. Throws `InterruptedError` if the job goes on and the command ends. */
const onInterrupt = async (
  { api, io, output }: CommandContext,
  jobId: string,
  progress: JobProgress,
): Promise<void> => {
  progress.pause()
  if (io.stdin.isTTY !== true || !output.isAnimated) throw interrupted(jobId)
  const answer = (await ask(io, QUESTION))?.toLowerCase()
  if (answer === '') return
  // Anything else must not cancel a job.
  if (answer === undefined || !'cancel'.startsWith(answer)) throw interrupted(jobId)
  try {
    await cancelJob(api(), jobId)
  } catch (error) {
    // The job has ended meanwhile. Its state says how.
    if (!(error instanceof ProblemError && error.problem.type === 'conflict')) throw error
  }
}

const interrupted = (jobId: string): InterruptedError =>
  new InterruptedError(`job ${jobId} goes on: specstar-backup show --wait ${jobId}`, jobId)

/** Remembers a Ctrl-C until it is taken. */
class Interrupts {
  #pending = false
  #wake: (() => void) | undefined

  add(): void {
    this.#pending = true
    this.#wake?.()
  }

  take(): boolean {
    const pending = this.#pending
    this.#pending = false
    return pending
  }

  /** Resolves at the next Ctrl-C, or at once if one is pending. */
  next(): Promise<void> {
    if (this.#pending) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

/** Returns the exit code for a job that has ended. */
export const exitCodeOf = ({ status, error }: Pick<Job, 'status' | 'error'>): ExitCode => {
  switch (status) {
    case 'succeeded':
      return EXIT.succeeded
    case 'partial':
      return EXIT.partial
    case 'cancelled':
    case 'expired':
      return EXIT.cancelled
    default:
      return error?.type === 'verification-failed' ? EXIT.verificationFailed : EXIT.error
  }
}
