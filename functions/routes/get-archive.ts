import { waitForEnd } from '../../shared/jobs/wait.ts'
import { route } from '../handlers/route.ts'
import { archiveAnswer, archiveHeadAnswer } from '../http/job-answers.ts'
import { findJob } from '../http/job-view.ts'
import { jobIdOf } from '../http/route-input.ts'
import { MAX_WAIT_SECONDS } from '../http/wait-parameter.ts'

/**
 * `GET` and `HEAD /_backup/jobs/{job_id}/archive`
 *
 * Waits for the export. `GET` then redirects to a signed URL of the archive. The signed URL accepts only `GET`, so the
 * response to `HEAD` contains the size and the ETag of the archive instead. If the export is still running, the
 * response to `GET` and to `HEAD` redirects to this route again.
 */
export const handler = route(
  (request) => ({ jobId: jobIdOf(request), isHead: request.method === 'HEAD' }),
  async ({ jobId, isHead }, services) => {
    const job = await findJob(services, jobId)
    const ended = job.kind === 'export' ? await waitForEnd(services, jobId, MAX_WAIT_SECONDS) : job
    return isHead ? archiveHeadAnswer(services, ended) : archiveAnswer(services, ended)
  },
)
