import { failExport } from '../export/fail.ts'
import { failRestore } from '../restore/report/fail-restore.ts'
import type { Services } from '../runtime/services.ts'
import { publishJobEnded } from '../jobs/end-job.ts'
import { hasEnded } from '../jobs/job.ts'

/** How an execution ended, of those that do not end themselves. */
export type StoppedStatus = 'ABORTED' | 'TIMED_OUT' | 'FAILED'

const ERRORS: Readonly<Record<StoppedStatus, string>> = {
  ABORTED: 'WorkflowStoppedError',
  TIMED_OUT: 'States.Timeout',
  // The workflow ends its job itself, unless its last stage failed too.
  FAILED: 'WorkflowFailedError',
}

/** Ends the job of an execution that was stopped from outside: no catch runs there. A job that has ended stays as it is, and is told of. */
export const endStopped = async (services: Services, jobId: string, status: StoppedStatus): Promise<void> => {
  const job = await services.jobs.get(jobId)
  if (job === undefined) return
  if (hasEnded(job)) {
    await publishJobEnded(services, jobId)
    return
  }
  const input = { job_id: jobId, error: { Error: ERRORS[status] } }
  await (job.kind === 'export' ? failExport(input, services) : failRestore(input, services))
}
