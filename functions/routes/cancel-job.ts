import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import { route } from '../handlers/route.ts'
import { jobView } from '../http/job-view.ts'
import { jobIdOf } from '../http/route-input.ts'

/** `POST /_backup/jobs/{job_id}/cancel` */
export const handler = route(jobIdOf, async (jobId, services) => {
  const job = await cancelJob(services, jobId)
  return { status: 200, body: await jobView(services, job) }
})
