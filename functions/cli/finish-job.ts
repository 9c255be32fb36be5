import type { CommandContext } from './command.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { findJob } from './client/find-job.ts'
import { jobText } from './terminal/job-text.ts'
import { exitCodeOf, waitForJob } from './wait-for-job.ts'

/** Waits until a job has ended, writes it, and returns the exit code for its status. */
export const finishJob = async (context: CommandContext, jobId: string): Promise<ExitCode> => {
  const job = await waitForJob(context, jobId)
  context.output.show(job, () => jobText(context.output, job))
  return exitCodeOf(job)
}

/** Writes a job that the command has started and does not wait for. */
export const leaveJob = async ({ api, output }: CommandContext, jobId: string): Promise<ExitCode> => {
  const job = await findJob(api(), jobId)
  output.show(job, () => `Started ${job.kind} ${jobId}\nFollow it with: specstar-backup show --wait ${jobId}`)
  return EXIT.succeeded
}
