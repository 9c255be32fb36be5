import type { JobStore } from '../../jobs/aws/job-store.ts'
import { TooManyJobsError } from '../../jobs/errors.ts'
import { hasEnded, type RestoreJob } from '../../jobs/job.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { hasReport, writeUploadReport } from '../upload-report.ts'
import { startUploadedRestore, type StartUploadServices } from './start-upload.ts'
import { slotJobId } from './upload-slot.ts'

/**
 * Starts the restores of uploads whose events were lost. The local program calls this function when it starts, because
 * uploads while it was not running cause no events. Ignores uploads that have a final report or a job. If a job limit is
 * reached, the reports of the remaining uploads state this. Returns the number of restores that were started.
 */
export const sweepUploads = async (services: StartUploadServices): Promise<number> => {
  const { objects, config } = services
  let started = 0
  for await (const object of objects.list(config.buckets.restores)) {
    if (object.key.endsWith('.acbak') && (await isLost(services, object)) && (await startLost(services, object)))
      started += 1
  }
  return started
}

/** Starts the restore of an upload. Returns true if it was started. */
const startLost = async (services: StartUploadServices, upload: PinnedObject): Promise<boolean> => {
  try {
    return (await startUploadedRestore(services, upload)) !== undefined
  } catch (error) {
    // The upload has a report with this error. Many lost uploads must not prevent the start of the program.
    if (error instanceof TooManyJobsError) return false
    throw error
  }
}

/** Returns true if no restore of the upload was ever started. */
const isLost = async (services: StartUploadServices, upload: PinnedObject): Promise<boolean> => {
  const slot = slotJobId(upload.key)
  if (slot !== undefined) return (await services.jobs.get(slot))?.status === 'awaiting_upload'
  if (await hasReport(services, upload)) return false
  const job = await findJob(services.jobs, upload)
  // If the job has ended and there is no final report, the process was killed between the two. The report is written
  // now.
  if (job !== undefined && hasEnded(job)) await reportEnd(services, upload, job)
  return job === undefined
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
