import { reportAnswer } from '../../shared/http/job-answers.ts'
import { jsonRoute } from '../../shared/http/json-route.ts'
import { jobIdOf } from '../../shared/http/route-input.ts'
import { jobOf } from '../../shared/jobs/view.ts'
import { services } from '../../shared/runtime/services.ts'

/** `GET /_backup/jobs/{job_id}/report` */
export const handler = jsonRoute(jobIdOf, async (jobId) => {
  const all = await services()
  return reportAnswer(all, await jobOf(all, jobId))
})
