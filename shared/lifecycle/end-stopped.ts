import { failExport } from '../export/fail-export.ts'
import { publishJobEnded } from '../jobs/end-job.ts'
import { hasEnded } from '../jobs/job.ts'
import { failRestore } from '../restore/report/fail-restore.ts'

/** The status of an execution that ended without reaching its last state. */
export type StoppedStatus = 'ABORTED' | 'TIMED_OUT' | 'FAILED'

const ERRORS: Readonly<Record<StoppedStatus, string>> = {
  ABORTED: 'WorkflowStoppedError',
  TIMED_OUT: 'States.Timeout',
  // The workflow ends its job itself, unless its last stage failed too.
  FAILED: 'WorkflowFailedError',
}

type Stores = Parameters<typeof failExport>[1] & Parameters<typeof failRestore>[1]

/**
 * Ends the job of an execution that was stopped from outside, because no state of the workflow runs then. If the job has already
 * ended, its end is only published again.
 */
export const endStopped = async (stores: Stores, jobId: string, status: StoppedStatus): Promise<void> => {
  const job = await stores.jobs.get(jobId)
  if (job === undefined) return
  if (hasEnded(job)) {
    await publishJobEnded(stores, jobId)
    return
  }
  const input = { job_id: jobId, error: { Error: ERRORS[status] } }
  await (job.kind === 'export' ? failExport(input, stores) : failRestore(input, stores))
}
