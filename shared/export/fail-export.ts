import { endJob, type EndJobServices, publishJobEnded } from '../jobs/end-job.ts'
import { explainFailure } from '../jobs/explain-failure.ts'
import type { FailInput, StageInput } from '../jobs/messages.ts'
import { abortOpenUploads } from '../jobs/upload-in-steps.ts'
import { abortUpload, type AbortUploadServices } from './abort-upload.ts'

/**
 * Ends a failed export and stores the problem in its job. Aborts the multipart uploads of the archive and of segments,
 * because S3 charges for the parts of unfinished uploads.
 */
export const failExport = async (
  input: FailInput,
  services: EndJobServices & AbortUploadServices,
): Promise<StageInput> => {
  const { job_id } = input
  await abortUpload(services, job_id)
  const problem = await explainFailure(services, input)
  await endJob(services, job_id, { status: 'failed', error: problem }, ['queued', 'running'])
  // The job has ended, so no pass begins another upload.
  await abortOpenUploads(services, job_id)
  await publishJobEnded(services, job_id)
  return { job_id }
}
