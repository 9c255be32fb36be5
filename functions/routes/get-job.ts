import { route } from '../handlers/route.ts'
import { findJob, jobView } from '../http/job-view.ts'
import { jobIdOf } from '../http/route-input.ts'

/** `GET /_backup/jobs/{job_id}` */
export const handler = route(jobIdOf, async (jobId, services) => {
  const job = await findJob(services, jobId)
  return { status: 200, body: await jobView(services, job) }
})
