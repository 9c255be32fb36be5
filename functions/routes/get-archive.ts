import { waitForEnd } from '../../shared/jobs/wait.ts'
import { route } from '../handlers/route.ts'
import { archiveAnswer } from '../http/job-answers.ts'
import { findJob } from '../http/job-view.ts'
import { jobIdOf } from '../http/route-input.ts'
import { MAX_WAIT_SECONDS } from '../http/wait-parameter.ts'

/**
 * `GET /_backup/jobs/{job_id}/archive`
 *
 * Waits for the export, then redirects to the archive or, if the export is still running, to this route again.
 */
export const handler = route(jobIdOf, async (jobId, services) => {
  const job = await findJob(services, jobId)
  const ended = job.kind === 'export' ? await waitForEnd(services, jobId, MAX_WAIT_SECONDS) : job
  return archiveAnswer(services, ended)
})
