import { reportAnswer } from '../http/job-answers.ts'
import { jsonRoute } from '../handlers/route.ts'
import { jobIdOf } from '../http/route-input.ts'
import { jobOf } from '../http/job-view.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'

/** `GET /_backup/jobs/{job_id}/report` */
export const handler = jsonRoute(jobIdOf, async (jobId) => {
  const all = await currentServices()
  return reportAnswer(all, await jobOf(all, jobId))
})
