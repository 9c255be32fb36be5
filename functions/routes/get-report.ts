import { reportAnswer } from '../http/job-answers.ts'
import { jsonRoute } from '../handlers/route.ts'
import { jobIdOf } from '../http/route-input.ts'
import { jobOf } from '../http/job-view.ts'
import { services } from '../../shared/runtime/services.ts'

/** `GET /_backup/jobs/{job_id}/report` */
export const handler = jsonRoute(jobIdOf, async (jobId) => {
  const all = await services()
  return reportAnswer(all, await jobOf(all, jobId))
})
