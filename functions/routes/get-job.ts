import { route } from '../handlers/route.ts'
import { copyView } from '../http/copy-view.ts'
import { differencesView } from '../http/differences-view.ts'
import { findJob, type JobView, jobView } from '../http/job-view.ts'
import { jobIdOf } from '../http/route-input.ts'

/** `GET /_backup/jobs/{job_id}` */
export const handler = route(jobIdOf, async (jobId, services) => {
  const job = await findJob(services, jobId)
  const view = await jobView(services, job)
  if (view.kind === 'export' && view.result !== undefined) {
    const body: JobView = { ...view, result: { ...view.result, ...(await copyView(services, job)) } }
    return { status: 200, body }
  }
  if (view.kind === 'restore' && view.result !== undefined) {
    const body: JobView = { ...view, result: { ...view.result, ...(await differencesView(services, job)) } }
    return { status: 200, body }
  }
  return { status: 200, body: view }
})
