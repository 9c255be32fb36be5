import type { JobStore } from '../../jobs/aws/job-store.ts'
import { TooManyJobsError } from '../../jobs/errors.ts'
import { hasEnded, type RestoreJob } from '../../jobs/job.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { hasReport, writeUploadReport } from '../upload-report.ts'
import { startUploadedRestore, type StartUploadServices } from './start-upload.ts'
import { slotJobId } from './upload-slot.ts'

/**
 * Starts the restores of uploads whose events were lost. The local program calls this function when it starts, because
 * an upload causes no event while the program is not running. If a job limit is reached, the reports of the remaining
 * uploads state this. Returns the number of restores that were started.
 *
 * - The restore of an upload to a slot is started if the job of the slot still waits for its archive.
 * - The restore of any other upload is started if the upload has no final report and no job.
 * - If such an upload has a job that ended without a final report, the report is written.
 */
export const sweepUploads = async (services: StartUploadServices): Promise<number> => {
  const { objects, config } = services
  let started = 0
  for await (const object of objects.list(config.buckets.restores)) {
    if (object.key.endsWith('.acbak') && (await sweepUpload(services, object))) started += 1
  }
  return started
}

/** Handles one upload as `sweepUploads` describes. Returns true if a restore was started. */
const sweepUpload = async (services: StartUploadServices, upload: PinnedObject): Promise<boolean> => {
  const slot = slotJobId(upload.key)
  if (slot !== undefined) {
    const job = await services.jobs.get(slot)
    return job?.status === 'awaiting_upload' && startRestore(services, upload)
  }
  if (await hasReport(services, upload)) return false
  const job = await findJob(services.jobs, upload)
  if (job === undefined) return startRestore(services, upload)
  // If the job has ended and there is no final report, the process was killed after the job ended and before the report
  // was written. The report is written now.
  if (hasEnded(job)) await reportEnd(services, upload, job)
  return false
}

/** Starts the restore of an upload. Returns false if it cannot start. */
const startRestore = async (services: StartUploadServices, upload: PinnedObject): Promise<boolean> => {
  try {
    return (await startUploadedRestore(services, upload)) !== undefined
  } catch (error) {
    // The report next to the upload already contains this error. Many lost uploads must not prevent the start of the
    // program.
    if (error instanceof TooManyJobsError) return false
    throw error
  }
}

/**
 * Returns the job that restores or has restored this version of the upload. Reads the list of all jobs, which is slow,
 * but few uploads have no report.
 */
const findJob = async (jobs: JobStore, upload: PinnedObject): Promise<RestoreJob | undefined> => {
  let cursor: string | undefined
  do {
    const page = await jobs.list({ kind: 'restore', limit: 100, ...(cursor === undefined ? {} : { cursor }) })
    for (const job of page.jobs) if (job.kind === 'restore' && restores(job, upload)) return job
    cursor = page.cursor
  } while (cursor !== undefined)
  return undefined
}

const restores = ({ request }: RestoreJob, { bucket, key, etag }: PinnedObject): boolean =>
  request.archive?.bucket === bucket && request.archive.key === key && request.archive.etag === etag

const reportEnd = (
  services: StartUploadServices,
  upload: PinnedObject,
  { job_id, status, error, request }: RestoreJob,
): Promise<void> =>
  writeUploadReport(services, request.archive ?? upload, {
    job_id,
    status,
    passed: status === 'succeeded' || status === 'partial',
    ...(error === undefined ? {} : { error }),
  })
