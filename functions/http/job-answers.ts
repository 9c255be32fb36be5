import { JobStateError } from '../../shared/jobs/errors.ts'
import { hasEnded, type Job, statusAt } from '../../shared/jobs/job.ts'
import type { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { problemOf } from '../../shared/problems/problem.ts'
import { type Answer, problemAnswer } from './answer.ts'
import { jobPath, jobView, type JobViewServices, resultView, signArchive } from './job-view.ts'

/** Seconds after which a caller may request a running job again. */
const RETRY_AFTER = '5'

/** A Lambda response is limited to 6 MB, and the body is a JSON string in it, whose escapes may double its size. */
const MAX_BODY_BYTES = 3 * 1024 * 1024

/** `200` with the result of a job that has ended, the problem of a job that failed, or `202` with a running job. */
export const jobAnswer = async (services: JobViewServices, job: Job): Promise<Answer> => {
  if (!hasEnded(job)) return runningAnswer(services, job)
  return failureAnswer(job) ?? { status: 200, body: await resultView(services, job) }
}

/** `303` to the archive of an export or, while it is running, to the archive route of the job, which waits for it. */
export const archiveAnswer = async (services: JobViewServices, job: Job): Promise<Answer> => {
  if (job.kind !== 'export')
    return problemAnswer(problemOf(new JobStateError(job.job_id, job.status, 'it is a restore and has no archive')))
  if (!hasEnded(job)) return redirect(`${jobPath(job.job_id)}/archive`, { 'retry-after': '0' })
  return failureAnswer(job) ?? redirect((await signArchive(services, job)).url)
}

/**
 * The report of a restore: `202` while the restore is running, and `303` if the report is too large for an answer.
 * If the restore ended before its verification, the report is `passed: false` with the error.
 * The report of a dry run is its result.
 */
export const reportAnswer = async (
  services: JobViewServices & { readonly objects: ObjectStore },
  job: Job,
): Promise<Answer> => {
  const now = services.clock()
  const status = statusAt(job, now)
  if (job.kind !== 'restore')
    return problemAnswer(problemOf(new JobStateError(job.job_id, status, 'it is an export and has no report')))
  if (!hasEnded(job, now)) return runningAnswer(services, job)
  const stored = job.result?.report
  const bytes = stored === undefined ? undefined : await services.objects.getBytes(stored.bucket, stored.key)
  if (stored !== undefined && bytes !== undefined && bytes.length > MAX_BODY_BYTES)
    return redirect((await services.urls.download(stored, `${job.job_id}.report.json`)).url)
  if (bytes !== undefined) return { status: 200, body: JSON.parse(bytes.toString()) }
  if (job.status === 'succeeded' || job.status === 'partial')
    return { status: 200, body: await resultView(services, job) }
  const error = job.error ?? problemOf(new JobStateError(job.job_id, status, 'it has no result'))
  return { status: 200, body: { job_id: job.job_id, passed: false, error } }
}

const runningAnswer = async (services: JobViewServices, job: Job): Promise<Answer> => ({
  status: 202,
  headers: { location: jobPath(job.job_id), 'retry-after': RETRY_AFTER },
  body: await jobView(services, job),
})

const redirect = (location: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 303,
  headers: { location, ...headers },
})

/** The problem of a job that failed, was cancelled or expired. Its `instance` is the path of the job. */
const failureAnswer = (job: Job): Answer | undefined => {
  const instance = jobPath(job.job_id)
  if (job.status === 'cancelled' || job.status === 'expired')
    return problemAnswer({ ...problemOf(new JobStateError(job.job_id, job.status, 'it has no result')), instance })
  if (job.status !== 'failed') return undefined
  return problemAnswer({ ...(job.error ?? problemOf(undefined, job.job_id)), instance })
}
