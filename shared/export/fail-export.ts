import { endJob, type EndJobServices, publishJobEnded } from '../jobs/end-job.ts'
import { explainFailure } from '../jobs/explain-failure.ts'
import type { FailInput, StageInput } from '../jobs/messages.ts'
import { abortUpload, type AbortUploadServices } from './abort-upload.ts'

/**
 * Ends a failed export and stores the problem in its job. First aborts the multipart upload of the archive, because S3
 * charges for the parts of an unfinished upload.
 */
export const failExport = async (
  input: FailInput,
  services: EndJobServices & AbortUploadServices,
): Promise<StageInput> => {
  const { job_id } = input
  await abortUpload(services, job_id)
  const problem = await explainFailure(services, input)
  await endJob(services, job_id, { status: 'failed', error: problem }, ['queued', 'running'])
  await publishJobEnded(services, job_id)
  return { job_id }
}
