import { jsonRoute } from '../handlers/route.ts'
import { jobIdOf } from '../http/route-input.ts'
import { jobOf, jobView } from '../http/job-view.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'

/** `GET /_backup/jobs/{job_id}` */
export const handler = jsonRoute(jobIdOf, async (jobId) => {
  const all = await currentServices()
  return { status: 200, body: await jobView(all, await jobOf(all, jobId)) }
})
