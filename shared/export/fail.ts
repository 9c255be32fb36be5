import { endJob, publishJobEnded } from '../jobs/end-job.ts'
import { explainFailure } from '../jobs/explain-failure.ts'
import type { FailInput, StageInput } from '../jobs/messages.ts'
import type { Services } from '../runtime/services.ts'
import type { ComposePlan } from './plan-compose.ts'
import { workKey } from './work-keys.ts'

/** Ends a job that failed: no part of an archive stays behind, and the job says what failed. */
export const failExport = async (input: FailInput, services: Services): Promise<StageInput> => {
  const { job_id } = input
  await abortUpload(services, job_id)
  const problem = await explainFailure(services, input)
  await endJob(services, job_id, { status: 'failed', error: problem }, ['queued', 'running'])
  await publishJobEnded(services, job_id)
  return { job_id }
}

/** ResourceFilter the unfinished upload of the archive away, where there is one. */
export const abortUpload = async ({ objects, config }: Services, jobId: string): Promise<void> => {
  for (let round = 0; ; round++) {
    const plan = await objects.getJson<ComposePlan>(config.buckets.work, workKey.composePlan(jobId, round))
    if (plan === undefined) return
    if (plan.kind === 'archive') {
      const { bucket, key, upload_id } = plan.target
      await objects.resumeMultipart(bucket, key, upload_id).abort()
      return
    }
  }
}
