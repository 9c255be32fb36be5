import { archiveAnswer } from '../http/job-answers.ts'
import { jsonRoute } from '../handlers/route.ts'
import { MAX_WAIT_SECONDS } from '../http/wait-parameter.ts'
import { jobIdOf } from '../http/route-input.ts'
import { jobOf } from '../http/job-view.ts'
import { waitForEnd } from '../../shared/jobs/wait.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'

/** `GET /_backup/jobs/{job_id}/archive`: waits, then leads to the archive, or back here where the export still runs. */
export const handler = jsonRoute(jobIdOf, async (jobId) => {
  const all = await currentServices()
  const job = await jobOf(all, jobId)
  return archiveAnswer(all, job.kind === 'export' ? await waitForEnd(all.jobs, jobId, MAX_WAIT_SECONDS) : job)
})
