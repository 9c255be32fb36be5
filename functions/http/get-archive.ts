import { archiveAnswer } from '../../shared/http/job-answers.ts'
import { jsonRoute } from '../../shared/http/json-route.ts'
import { MAX_WAIT_SECONDS } from '../../shared/http/parameters.ts'
import { jobIdOf } from '../../shared/http/route-input.ts'
import { jobOf } from '../../shared/jobs/view.ts'
import { waitForEnd } from '../../shared/jobs/wait.ts'
import { services } from '../../shared/runtime/services.ts'

/** `GET /_backup/jobs/{job_id}/archive`: waits, then leads to the archive, or back here where the export still runs. */
export const handler = jsonRoute(jobIdOf, async (jobId) => {
  const all = await services()
  const job = await jobOf(all, jobId)
  return archiveAnswer(all, job.kind === 'export' ? await waitForEnd(all.jobs, jobId, MAX_WAIT_SECONDS) : job)
})
