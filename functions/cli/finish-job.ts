import { errorMessage } from '../../shared/values/error-message.ts'
import type { CommandContext } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { ProblemError, UnreachableError } from './client/errors.ts'
import { findJob } from './client/find-job.ts'
import type { Job } from './client/job.ts'
import { jobText } from './terminal/job-text.ts'
import { exitCodeOf, waitForJob } from './wait-for-job.ts'

/** Waits until a job that the command has started has ended, writes it, and returns the exit code for its status. */
export const finishJob = async (context: CommandContext, jobId: string): Promise<ExitCode> => {
  return showEndedJob(context, await waitForJob(context, jobId))
}

/** Writes a job that has ended to stdout, and its error also to stderr. Returns the exit code for its status. */
export const showEndedJob = ({ output }: CommandContext, job: Job): ExitCode => {
  const { error, ...withoutError } = job
  output.show(job, () => jobText(output, withoutError))
  if (error !== undefined) output.error(error, `${output.styleNote('red', 'error')}: ${output.problemText(error)}`)
  return exitCodeOf(job)
}

/** Writes a job that the command has started and does not wait for. Writes only its id if the job cannot be read. */
export const leaveJob = async ({ api, output }: CommandContext, jobId: string): Promise<ExitCode> => {
  const text = (kind: string): string =>
    `Started ${kind} ${jobId}\nFollow it with: specstar-backup show --wait ${jobId}`
  try {
    const job = await findJob(api(), jobId)
    output.show(job, () => text(job.kind))
  } catch (error) {
    // The job has started. The caller may not be allowed to read it, and the API may not respond.
    if (!(error instanceof ProblemError || error instanceof UnreachableError)) throw error
    output.show({ job_id: jobId }, () => text('job'))
    output.note(`The state of the job cannot be read: ${errorMessage(error)}`)
  }
  return EXIT.succeeded
}
