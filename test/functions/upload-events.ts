import { handler, type UploadEvent } from '../../functions/events/upload.ts'
import { findJob } from '../../functions/http/job-view.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import type { TestApi } from './test-api.ts'

export const RESTORES = 'specstar-restores'

export const handleUpload = (event: UploadEvent): Promise<void> =>
  handler(event, localContext('upload', 'test', 60_000))

let sequence = 0

/** Uploads an object and returns the event that S3 sends: with the ETag without quotes, and an increasing sequencer. */
export const uploadEvent = async ({ services }: TestApi, key: string, bytes: string): Promise<UploadEvent> => {
  const { etag } = await services.objects.put(RESTORES, key, Buffer.from(bytes))
  const object = { key, etag: etag.replaceAll('"', ''), sequencer: `${++sequence}` }
  return { detail: { bucket: { name: RESTORES }, object } }
}

export const reportOf = ({ services }: TestApi, key: string): Promise<unknown> =>
  services.objects.getJson(RESTORES, `${key}.report.json`)

/** Returns a restore job. Throws an error if the job is an export. */
export const findRestoreJob = async ({ services }: TestApi, jobId: string): Promise<RestoreJob> => {
  const job = await findJob(services, jobId)
  if (job.kind !== 'restore') throw new Error(`job ${jobId} is not a restore`)
  return job
}
