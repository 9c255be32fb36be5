import { abortUpload } from '../export/fail.ts'
import { releaseLeases } from '../restore/report/fail-restore.ts'
import { reportFailedUpload } from '../restore/report/upload-report.ts'
import type { Services } from '../runtime/services.ts'
import { ENDED, type Job, type RestoreJob, statusAt } from '../jobs/job.ts'
import { endJob, publishJobEnded } from '../jobs/end-job.ts'
import { JobStateError, UnknownJobError } from '../jobs/errors.ts'
import { restoreJob } from '../jobs/find-job.ts'

/**
 * Stops a job. What it wrote stays whole per resource; its leases are freed, or drain where its functions may still be
 * writing. Cancelling again is the same; a job that ended otherwise is refused (`JobStateError`).
 */
export const cancelJob = async (services: Services, jobId: string): Promise<Job> => {
  const { jobs, workflows, clock } = services
  const job = await jobs.get(jobId)
  if (job === undefined) throw new UnknownJobError(jobId)
  const status = statusAt(job, clock())
  if (ENDED.includes(status) && status !== 'cancelled') throw new JobStateError(jobId, status, 'it has ended already')
  // The status goes first: a stage that ends just now then finds that the job was cancelled, and announces nothing.
  const cancelled =
    status === 'cancelled'
      ? job
      : await endJob(services, jobId, { status: 'cancelled' }, ['awaiting_upload', 'queued', 'running'])
  // It ended, or was cancelled, between the look and the change.
  if (cancelled === undefined) return cancelJob(services, jobId)
  await workflows.stop(cancelled.kind, jobId, 'cancelled by the caller')
  if (cancelled.kind === 'export') await abortUpload(services, jobId)
  else {
    await endLeases(services, cancelled)
    const beside = cancelled.request.report_beside
    if (beside !== undefined)
      await reportFailedUpload(services, beside, new JobStateError(jobId, 'cancelled', BY_CALLER), jobId)
  }
  await publishJobEnded(services, jobId)
  return cancelled
}

/** Where handlers run in this process they have returned by now: nothing is written any more, and the leases are free at once. */
const endLeases = async (services: Services, job: RestoreJob): Promise<void> => {
  const { leases, workflows } = services
  // Until it was stopped it went on, perhaps from reading to writing: how far it came is looked at again.
  if (workflows.ended === undefined) await releaseLeases(services, await restoreJob(services, job.job_id))
  else if (job.leased !== undefined) await leases.held(job.leased, job.job_id).free()
}

const BY_CALLER = 'a caller stopped it'
