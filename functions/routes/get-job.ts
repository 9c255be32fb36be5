import { route } from '../handlers/route.ts'
import { copyView } from '../http/copy-view.ts'
import { findJob, type JobView, jobView } from '../http/job-view.ts'
import { jobIdOf } from '../http/route-input.ts'

/** `GET /_backup/jobs/{job_id}` */
export const handler = route(jobIdOf, async (jobId, services) => {
  const job = await findJob(services, jobId)
  const view = await jobView(services, job)
  if (view.kind !== 'export' || view.result === undefined) return { status: 200, body: view }
  const body: JobView = { ...view, result: { ...view.result, ...(await copyView(services, job)) } }
  return { status: 200, body }
})
