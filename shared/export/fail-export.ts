import { endJob, type EndJobServices, publishJobEnded } from '../jobs/end-job.ts'
import { explainFailure } from '../jobs/explain-failure.ts'
import type { FailInput, StageInput } from '../jobs/messages.ts'
import { abortUpload, type UploadStores } from './abort-upload.ts'

/**
 * Ends a failed export and stores the problem in its job. First aborts the multipart upload of the archive, because S3
 * charges for the parts of an unfinished upload.
 */
export const failExport = async (input: FailInput, stores: EndJobServices & UploadStores): Promise<StageInput> => {
  const { job_id } = input
  await abortUpload(stores, job_id)
  const problem = await explainFailure(stores, input)
  await endJob(stores, job_id, { status: 'failed', error: problem }, ['queued', 'running'])
  await publishJobEnded(stores, job_id)
  return { job_id }
}
