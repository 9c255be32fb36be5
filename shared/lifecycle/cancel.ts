import { abortUpload } from '../export/abort-upload.ts'
import type { Leases } from '../jobs/aws/leases.ts'
import { endJob, type EndJobServices, publishJobEnded } from '../jobs/end-job.ts'
import { JobStateError, UnknownJobError } from '../jobs/errors.ts'
import { restoreJob } from '../jobs/find-job.ts'
import { ENDED, type Job, type RestoreJob, statusAt } from '../jobs/job.ts'
import { abortOpenUploads } from '../jobs/upload-in-steps.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { WorkflowEngine } from '../jobs/workflow-engine.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { releaseLeases } from '../restore/release-leases.ts'
import { reportFailedUpload } from '../restore/upload-report.ts'

interface CancelServices extends EndJobServices {
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
  readonly leases: Leases
  readonly workflows: WorkflowEngine
}

/**
 * Cancels a job and returns it. Resources that a restore has already written are complete and stay in the store.
 * Releases the leases of the job. If functions of the job may still be writing, the leases can be taken only when no
 * more writes can arrive. If the job is already cancelled, the call succeeds. Throws `JobStateError` if the job has
 * ended with another status, and `UnknownJobError` if it does not exist.
 */
export const cancelJob = async (services: CancelServices, jobId: string): Promise<Job> => {
  const { jobs, workflows, clock } = services
  const job = await jobs.get(jobId)
  if (job === undefined) throw new UnknownJobError(jobId)
  const status = statusAt(job, clock())
  if (ENDED.includes(status) && status !== 'cancelled')
    throw new JobStateError(jobId, status, `has already ended (${status})`)
  // The status is written before the workflow is stopped, so that a stage that ends in between does not store a result.
  const cancelled =
    status === 'cancelled'
      ? job
      : await endJob(services, jobId, { status: 'cancelled' }, ['awaiting_upload', 'queued', 'running'])
  // The job has ended or was cancelled since its status was read, so its status is read again.
  if (cancelled === undefined) return cancelJob(services, jobId)
  await workflows.stop(cancelled.kind, jobId, 'cancelled by the caller')
  if (cancelled.kind === 'export') await abortUpload(services, jobId)
  if (cancelled.kind === 'restore') await endRestore(services, cancelled)
  await abortOpenUploads(services, jobId)
  await publishJobEnded(services, jobId)
  return cancelled
}

const endRestore = async (services: CancelServices, job: RestoreJob): Promise<void> => {
  await endLeases(services, job)
  const { report_beside, archive } = job.request
  if (report_beside === undefined || archive === undefined) return
  const error = new JobStateError(job.job_id, 'cancelled', 'was cancelled by a caller')
  await reportFailedUpload(services, archive, error, { job_id: job.job_id, status: 'cancelled' })
}

const endLeases = async (services: CancelServices, job: RestoreJob): Promise<void> => {
  const { leases, workflows } = services
  // The job is read again, because its phase may have changed before the workflow was stopped. The phase determines how
  // the leases are released.
  if (workflows.ended === undefined) await releaseLeases(services, await restoreJob(services, job.job_id))
  // The handlers ran in this process and have returned, so no write can follow.
  else if (job.leased !== undefined) await leases.held(job.leased, job.job_id).free()
}
