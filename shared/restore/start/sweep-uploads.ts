import type { RestoreJob } from '../../jobs/job.ts'
import { hasEnded } from '../../jobs/job.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { Services } from '../../runtime/services.ts'
import { slotJobId } from './upload-slot.ts'
import { startUploadedRestore } from './start-upload.ts'
import { uploadReportKey } from '../report/upload-report.ts'

/**
 * Starts the restores of uploads whose event was lost: where events die with the process, it is called when the process
 * starts. An upload with a report beside it, or with a job, is left alone. Gives the number of those that it started.
 */
export const sweepUploads = async (services: Services): Promise<number> => {
  const { objects, config } = services
  let started = 0
  for await (const object of objects.list(config.buckets.restores)) {
    if (object.key.endsWith('.acbak') && (await isLost(services, object)))
      started += (await startUploadedRestore(services, object)) === undefined ? 0 : 1
  }
  return started
}

/** Whether nothing came of an upload yet. */
const isLost = async (services: Services, object: PinnedObject): Promise<boolean> => {
  const slot = slotJobId(object.key)
  if (slot !== undefined) return (await services.jobs.get(slot))?.status === 'awaiting_upload'
  if (await isReported(services, object)) return false
  const job = await jobOfUpload(services, object)
  if (job !== undefined && hasEnded(job)) await reportEnd(services, object, job)
  return job === undefined
}

/** A report that names another state of the object is of an earlier upload to the same key. */
const isReported = async ({ objects }: Services, { bucket, key, etag }: PinnedObject): Promise<boolean> => {
  const report = await objects.getJson<{ readonly archive?: { readonly etag?: string } }>(bucket, uploadReportKey(key))
  if (report === undefined) return false
  const reported = report.archive?.etag
  return reported === undefined || reported === etag
}

/** The job that restores, or has restored, this state of the object. Only uploads without a report are looked for: few. */
const jobOfUpload = async ({ jobs }: Services, object: PinnedObject): Promise<RestoreJob | undefined> => {
  let cursor: string | undefined
  do {
    const page = await jobs.list({ kind: 'restore', limit: 100, ...(cursor === undefined ? {} : { cursor }) })
    for (const job of page.jobs) if (job.kind === 'restore' && restores(job, object)) return job
    cursor = page.cursor
  } while (cursor !== undefined)
  return undefined
}

const restores = ({ request }: RestoreJob, { bucket, key, etag }: PinnedObject): boolean =>
  request.archive?.bucket === bucket && request.archive.key === key && request.archive.etag === etag

/** The process died between the end of the job and its report. */
const reportEnd = async ({ objects }: Services, { bucket, key }: PinnedObject, job: RestoreJob): Promise<void> => {
  await objects.putJson(bucket, uploadReportKey(key), {
    job_id: job.job_id,
    passed: job.status === 'succeeded' || job.status === 'partial',
    ...(job.error === undefined ? {} : { error: job.error }),
  })
}
