import { failExport } from '../export/fail-export.ts'
import { publishJobEnded } from '../jobs/end-job.ts'
import { hasEnded } from '../jobs/job.ts'
import { failRestore } from '../restore/report/fail-restore.ts'

/** The status of a Step Functions execution that ended before its last state. */
type StoppedStatus = 'ABORTED' | 'TIMED_OUT' | 'FAILED'

/** The name of the error that is stored in the job, by status. */
const ERRORS: Readonly<Record<StoppedStatus, string>> = {
  ABORTED: 'WorkflowStoppedError',
  TIMED_OUT: 'States.Timeout',
  // If a stage fails, a later stage of the workflow ends the job. The execution fails only if that stage fails too.
  FAILED: 'WorkflowFailedError',
}

type EndStoppedServices = Parameters<typeof failExport>[1] & Parameters<typeof failRestore>[1]

/**
 * Ends the job of an execution that stopped before its last state, because the workflow can no longer end the job. If
 * the job has already ended, only publishes its event, if this has not happened yet. If the job does not exist, does
 * nothing.
 */
export const endStopped = async (services: EndStoppedServices, jobId: string, status: StoppedStatus): Promise<void> => {
  const job = await services.jobs.get(jobId)
  if (job === undefined) return
  if (hasEnded(job)) {
    await publishJobEnded(services, jobId)
    return
  }
  const input = { job_id: jobId, error: { Error: ERRORS[status] } }
  await (job.kind === 'export' ? failExport(input, services) : failRestore(input, services))
}
