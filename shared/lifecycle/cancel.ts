import { abortUpload } from '../export/fail-export.ts'
import type { Leases } from '../jobs/aws/leases.ts'
import { endJob, type EndJobServices, publishJobEnded } from '../jobs/end-job.ts'
import { JobStateError, UnknownJobError } from '../jobs/errors.ts'
import { restoreJob } from '../jobs/find-job.ts'
import { ENDED, type Job, type RestoreJob, statusAt } from '../jobs/job.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { WorkflowEngine } from '../jobs/workflow-engine.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { releaseLeases } from '../restore/release-leases.ts'
import { reportFailedUpload } from '../restore/upload-report.ts'

interface CancelStores extends EndJobServices {
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly leases: Leases
  readonly workflows: WorkflowEngine
}

/**
 * Cancels a job. Resources that it has written stay complete. Its leases are released, or drain if its functions may still be
 * writing. Cancelling a cancelled job again succeeds. Throws `JobStateError` for a job that has ended otherwise.
 */
export const cancelJob = async (stores: CancelStores, jobId: string): Promise<Job> => {
  const { jobs, workflows, clock } = stores
  const job = await jobs.get(jobId)
  if (job === undefined) throw new UnknownJobError(jobId)
  const status = statusAt(job, clock())
  if (ENDED.includes(status) && status !== 'cancelled')
    throw new JobStateError(jobId, status, `has already ended (${status})`)
  // The status is written first, so that a stage that ends right now finds the job cancelled and does not announce a result.
  const cancelled =
    status === 'cancelled'
      ? job
      : await endJob(stores, jobId, { status: 'cancelled' }, ['awaiting_upload', 'queued', 'running'])
  // The job has ended or was cancelled since its status was read.
  if (cancelled === undefined) return cancelJob(stores, jobId)
  await workflows.stop(cancelled.kind, jobId, 'cancelled by the caller')
  if (cancelled.kind === 'export') await abortUpload(stores, jobId)
  else await endRestore(stores, cancelled)
  await publishJobEnded(stores, jobId)
  return cancelled
}

const endRestore = async (stores: CancelStores, job: RestoreJob): Promise<void> => {
  await endLeases(stores, job)
  const upload = job.request.report_beside
  if (upload === undefined) return
  const error = new JobStateError(job.job_id, 'cancelled', 'was cancelled by a caller')
  await reportFailedUpload(stores, upload, error, job.job_id)
}

const endLeases = async (stores: CancelStores, job: RestoreJob): Promise<void> => {
  const { leases, workflows } = stores
  // Until it was stopped the job continued, perhaps from a reading phase to a writing one: its phase is read again.
  if (workflows.ended === undefined) await releaseLeases(stores, await restoreJob(stores, job.job_id))
  // Handlers that run in this process have returned by now, so no write can follow.
  else if (job.leased !== undefined) await leases.held(job.leased, job.job_id).free()
}
