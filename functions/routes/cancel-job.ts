import { jsonRoute } from '../handlers/route.ts'
import { jobIdOf } from '../http/route-input.ts'
import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import { jobView } from '../http/job-view.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'

/** `POST /_backup/jobs/{job_id}/cancel` */
export const handler = jsonRoute(jobIdOf, async (jobId) => {
  const all = await currentServices()
  return { status: 200, body: await jobView(all, await cancelJob(all, jobId)) }
})
