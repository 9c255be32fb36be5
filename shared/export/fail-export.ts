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

/** Ends a failed job: aborts the upload of its archive, so that no part stays behind, and records the problem. */
export const failExport = async (input: FailInput, stores: EndJobServices & UploadStores): Promise<StageInput> => {
  const { job_id } = input
  await abortUpload(stores, job_id)
  const problem = await explainFailure(stores, input)
  await endJob(stores, job_id, { status: 'failed', error: problem }, ['queued', 'running'])
  await publishJobEnded(stores, job_id)
  return { job_id }
}

/** Aborts the unfinished upload of the archive, if there is one. */
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
