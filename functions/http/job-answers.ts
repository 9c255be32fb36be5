import type { Job } from '../../shared/jobs/job.ts'
import { ENDED, hasEnded, statusAt } from '../../shared/jobs/job.ts'
import { JobStateError } from '../../shared/jobs/errors.ts'
import { jobPath, jobView, resultView, signArchive } from './job-view.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { type Answer, problemAnswer } from '../handlers/route.ts'
import { problemOf } from '../../shared/problems/problem.ts'

/** When to ask again, in seconds: shorter than anyone's patience, longer than it takes to answer. */
const RETRY_AFTER = '5'

/** An answer of Lambda holds 6 MB, and its body is escaped in it once more. */
const MAX_ANSWER_BYTES = 3 * 1024 * 1024

/**
 * What a request answers that waited for its job: `200` with the result, the problem that the job failed with, or `202`
 * where it still runs.
 */
export const waitedAnswer = async (services: Services, job: Job): Promise<Answer> => {
  if (!hasEnded(job)) return stillRunning(services, job)
  const failed = failureOf(job)
  if (failed !== undefined) return failed
  return { status: 200, body: await resultView(services, job) }
}

/** `303` to the archive of an export, or to the job's archive route, which waits again. */
export const archiveAnswer = async (services: Services, job: Job): Promise<Answer> => {
  if (job.kind !== 'export')
    return problemAnswer(problemOf(new JobStateError(job.job_id, job.status, 'it is a restore and makes no archive')))
  if (!hasEnded(job)) return redirect(`${jobPath(job.job_id)}/archive`, { 'retry-after': '0' })
  return failureOf(job) ?? redirect((await signArchive(services, job)).url)
}

/**
 * A restore's report: verification's, where it came to that; else, for a job that ended before, `passed: false` and why.
 * `202` while it runs, `303` to where it lies where it is too large for an answer.
 */
export const reportAnswer = async (services: Services, job: Job): Promise<Answer> => {
  const status = statusAt(job, services.clock())
  if (job.kind !== 'restore')
    return problemAnswer(problemOf(new JobStateError(job.job_id, status, 'it is an export and has no report')))
  if (!ENDED.includes(status)) return stillRunning(services, job)
  const kept = job.result?.report
  const report = kept === undefined ? undefined : await services.objects.getBytes(kept.bucket, kept.key)
  if (kept !== undefined && report !== undefined && report.length > MAX_ANSWER_BYTES)
    return redirect((await services.urls.download(kept, `${job.job_id}.report.json`)).url)
  if (report !== undefined) return { status: 200, body: JSON.parse(report.toString()) }
  if (job.status === 'succeeded' || job.status === 'partial')
    // A dry run proves nothing: what it found is its result.
    return { status: 200, body: await resultView(services, job) }
  const error = job.error ?? problemOf(new JobStateError(job.job_id, status, 'it made no result'))
  return { status: 200, body: { job_id: job.job_id, passed: false, error } }
}

const stillRunning = async (services: Services, job: Job): Promise<Answer> => ({
  status: 202,
  headers: { location: jobPath(job.job_id), 'retry-after': RETRY_AFTER },
  body: await jobView(services, job),
})

const redirect = (location: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 303,
  headers: { location, ...headers },
})

/** A job that failed or was cancelled, as the answer to whoever waited for it; `instance` names the job. */
const failureOf = (job: Job): Answer | undefined => {
  const instance = jobPath(job.job_id)
  if (job.status === 'cancelled' || job.status === 'expired')
    return problemAnswer({ ...problemOf(new JobStateError(job.job_id, job.status, 'it made no result')), instance })
  if (job.status !== 'failed') return undefined
  return problemAnswer({ ...(job.error ?? problemOf(undefined, job.job_id)), instance })
}
