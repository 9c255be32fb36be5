import * as z from 'zod'
import { JobStateError } from '../../shared/jobs/errors.ts'
import { hasEnded, type Job, type JobStatus, statusAt } from '../../shared/jobs/job.ts'
import type { WorkFiles } from '../../shared/jobs/work-files.ts'
import type { ObjectStore } from '../../shared/objects/aws/object-store.ts'
import { quotedETag } from '../../shared/objects/aws/s3-errors.ts'
import { Problem, problemOf } from '../../shared/problems/problem.ts'
import { ArchiveUnavailableError } from '../../shared/restore/errors.ts'
import { type Answer, problemAnswer } from './answer.ts'
import { differencesView } from './differences-view.ts'
import { signArchive } from './export-view.ts'
import { jobPath, jobView, type JobViewServices, resultView } from './job-view.ts'
import { problemView } from './left-out-view.ts'

/** Seconds after which a caller may request a running job again. */
const RETRY_AFTER = '5'

/**
 * The largest report that is sent in a response.
 * A Lambda response is limited to 6 MB. It contains the body as a JSON string, and escaping may double the body's size.
 */
const MAX_REPORT_BYTES = 3 * 1024 * 1024

/**
 * Returns `202` with the job if the job has not ended, and `200` with the result and `members` if the job succeeded.
 * If the job failed, was cancelled or expired, returns a problem document.
 */
export const jobAnswer = async (services: JobViewServices, job: Job, members: object = {}): Promise<Answer> => {
  const now = services.clock()
  if (!hasEnded(job, now)) return runningAnswer(services, job)
  return (
    (await failureAnswer(services, job)) ?? { status: 200, body: { ...(await resultView(services, job)), ...members } }
  )
}

/**
 * Returns a redirect (`303`) to the archive if the export has one.
 * If the export has not ended, returns a redirect to the archive route, which waits for the export.
 * If the job is not an export, or if the export failed or was cancelled, returns a problem document.
 */
export const archiveAnswer = async (services: JobViewServices, job: Job): Promise<Answer> => {
  if (job.kind !== 'export')
    return problemAnswer(
      problemOf(new JobStateError(job.job_id, job.status, `is a ${job.kind}; only exports have an archive`)),
    )
  if (!hasEnded(job)) return redirect(`${jobPath(job.job_id)}/archive`, { 'retry-after': '0' })
  return (await failureAnswer(services, job)) ?? redirect((await signArchive(services, job)).url)
}

/**
 * Returns `200` with the size and the ETag of the archive as headers, without a body. If the job is not an export, has
 * not ended or has no archive, returns the same response as `archiveAnswer`. If the archive was deleted, throws
 * `ArchiveUnavailableError`.
 */
export const archiveHeadAnswer = async (
  services: JobViewServices & { readonly objects: ObjectStore },
  job: Job,
): Promise<Answer> => {
  if (job.kind !== 'export' || job.result === undefined) return archiveAnswer(services, job)
  const { bucket, key, version_id } = job.result.archive
  const head = await services.objects.head(bucket, key, version_id === undefined ? {} : { version_id })
  if (head === undefined) throw new ArchiveUnavailableError(`the archive s3://${bucket}/${key} was deleted`)
  return {
    status: 200,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': head.size.toString(),
      etag: quotedETag(head.etag),
    },
  }
}

/** The response for a job that failed, was cancelled or expired, and has no report. */
export const NoReportView = z
  .object({ job_id: z.string(), passed: z.literal(false), error: Problem })
  .readonly()
  .meta({ id: 'MissingReport' })
type NoReportView = z.output<typeof NoReportView>

/**
 * Returns the report of a restore or check (`200`), or a redirect to it (`303`) if it is too large for a response.
 * While the job is running, returns the job (`202`).
 * If there is no report, returns the result of a dry run, or of a job whose report was deleted (`200`).
 * If there is no result either, returns `passed: false` with the error (`200`).
 * If the job is an export, returns a problem document.
 */
export const reportAnswer = async (
  services: JobViewServices & { readonly objects: ObjectStore; readonly workFiles: WorkFiles },
  job: Job,
): Promise<Answer> => {
  const now = services.clock()
  const status = statusAt(job, now)
  if (job.kind === 'export')
    return problemAnswer(
      problemOf(new JobStateError(job.job_id, status, 'is an export; only restores and checks have a report')),
    )
  if (!hasEnded(job, now)) return runningAnswer(services, job)
  const stored = job.result?.report
  const bytes = stored === undefined ? undefined : await services.objects.getBytes(stored.bucket, stored.key)
  if (stored !== undefined && bytes !== undefined && bytes.length > MAX_REPORT_BYTES)
    return redirect((await services.urls.download(stored, `${job.job_id}.report.json`)).url)
  if (bytes !== undefined) return { status: 200, body: JSON.parse(bytes.toString()) }
  if (job.status === 'succeeded' || job.status === 'partial')
    return { status: 200, body: { ...(await resultView(services, job)), ...(await differencesView(services, job)) } }
  const error = await problemView(services, job.error ?? noResultProblem(job, status))
  const body: NoReportView = { job_id: job.job_id, passed: false, error }
  return { status: 200, body }
}

/** Returns the job with status `202`. */
export const runningAnswer = async (services: JobViewServices, job: Job): Promise<Answer> => ({
  status: 202,
  headers: { location: jobPath(job.job_id), 'retry-after': RETRY_AFTER },
  body: await jobView(services, job),
})

const redirect = (location: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 303,
  headers: { location, ...headers },
})

/**
 * Returns a problem document if the job failed, was cancelled or expired, otherwise `undefined`.
 * The member `instance` of the problem document is the path of the job.
 */
const failureAnswer = async (services: JobViewServices, job: Job): Promise<Answer | undefined> => {
  const status = statusAt(job, services.clock())
  const instance = jobPath(job.job_id)
  if (status === 'cancelled' || status === 'expired')
    return problemAnswer({ ...noResultProblem(job, status), instance })
  if (status !== 'failed') return undefined
  return problemAnswer({ ...(await problemView(services, job.error ?? withoutStoredError(job))), instance })
}

const noResultProblem = ({ job_id }: Job, status: JobStatus): Problem =>
  problemOf(new JobStateError(job_id, status, `has no result, because its status is ${status}`))

/**
 * Returns the problem of a failed job whose error could not be stored. The request id, with which other internal errors
 * can be found in the logs, is unknown. The detail contains the job id instead.
 */
const withoutStoredError = ({ job_id }: Job): Problem => {
  const { type, title, status } = problemOf(undefined)
  const detail = `job ${job_id} failed, but its error was not stored; search the logs for this job id`
  return { type, title, status, detail }
}
