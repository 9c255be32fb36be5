import { endJob, type EndJobServices, publishJobEnded } from '../jobs/end-job.ts'
import { explainFailure } from '../jobs/explain-failure.ts'
import type { FailInput, StageInput } from '../jobs/messages.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { COMPOSE_PLAN } from './messages.ts'

interface UploadStores {
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
}

/**
 * Ends a failed export and stores the problem in its job. It first aborts the multipart upload of the archive, because
 * S3 charges for the parts of an unfinished upload.
 */
export const failExport = async (input: FailInput, stores: EndJobServices & UploadStores): Promise<StageInput> => {
  const { job_id } = input
  await abortUpload(stores, job_id)
  const problem = await explainFailure(stores, input)
  await endJob(stores, job_id, { status: 'failed', error: problem }, ['queued', 'running'])
  await publishJobEnded(stores, job_id)
  return { job_id }
}

/** Aborts the multipart upload of the archive. Does nothing if no round has planned the archive. */
export const abortUpload = async ({ objects, workFiles }: UploadStores, jobId: string): Promise<void> => {
  for (let round = 0; ; round++) {
    const plan = await workFiles.find(COMPOSE_PLAN, jobId, round)
    if (plan === undefined) return
    if (plan.kind === 'archive') {
      const { bucket, key, upload_id } = plan.target
      await objects.resumeMultipart(bucket, key, upload_id).abort()
      return
    }
  }
}
