import * as z from 'zod'
import type { JobStore } from '../../shared/jobs/aws/job-store.ts'
import { ExportCounts, ExportedArchive } from '../../shared/jobs/export-result.ts'
import { type Job, JOB_STATUSES, type JobStatus, statusAt } from '../../shared/jobs/job.ts'
import { DryRunResult, VerifiedResult } from '../../shared/jobs/restore-result.ts'
import { Problem } from '../../shared/problems/problem.ts'
import { oneOf, text, wholeNumber } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import { JOB_VIEWS, jobSummary, type JobView } from './job-view.ts'

/** The largest number of jobs on a page. The size of a page in bytes is limited separately. */
const MAX_PAGE = 200
export const JobListParameters = z.strictObject({
  kind: z.exactOptional(oneOf(['export', 'restore', 'check'])).describe('Only jobs of this kind'),
  status: z.exactOptional(oneOf(JOB_STATUSES)).describe('Only jobs with this status'),
  limit: wholeNumber('a whole number', 1, MAX_PAGE).default(50).describe('The largest number of jobs on the page'),
  cursor: z.exactOptional(text()).describe('The cursor of the previous page'),
})
type JobListParameters = z.output<typeof JobListParameters>

export const listParameters = (query: Readonly<Record<string, unknown>>): JobListParameters =>
  parseParameters(JobListParameters, query)

const ARCHIVE = ExportedArchive.unwrap().shape

/** What a list of jobs contains of the result of a job. */
const ResultSummary = z.object({
  duration_seconds: z.exactOptional(z.number()).describe('The time from the start of the job to its end'),
  models: z
    .exactOptional(
      z.union([
        z.record(z.string(), ExportCounts).readonly(),
        VerifiedResult.unwrap().shape.models,
        DryRunResult.unwrap().shape.dry_run.unwrap().shape.models,
      ]),
    )
    .describe('The counts of each model in the result'),
  archive: z
    .exactOptional(z.object({ bucket: ARCHIVE.bucket, key: ARCHIVE.key, size: ARCHIVE.size }).readonly())
    .describe('The archive that an export has written'),
})
type ResultSummary = z.output<typeof ResultSummary>

/** A job in the list, with a summary of its result. It has no member `result`. */
const ListedJob = z
  .discriminatedUnion('kind', [
    JOB_VIEWS.export.omit({ result: true }).extend(ResultSummary.shape),
    JOB_VIEWS.restore.omit({ result: true }).extend(ResultSummary.shape),
    JOB_VIEWS.check.omit({ result: true }).extend(ResultSummary.shape),
  ])
  .readonly()
  .meta({ id: 'ListedJob' })

/** The response of `GET /_backup/jobs`. */
export const JobListView = z
  .object({
    jobs: z.array(ListedJob).readonly(),
    cursor: z
      .exactOptional(z.string())
      .describe('The value of the parameter `cursor` for the next page. The last page has no cursor'),
  })
  .readonly()
  .meta({ id: 'JobList' })
type JobListView = z.output<typeof JobListView>

/** Returns one page of jobs, newest first. A page with fewer than `limit` jobs is not always the last page. */
export const listJobs = async (
  { jobs, clock }: { readonly jobs: JobStore; readonly clock: () => Date },
  { status, ...page }: JobListParameters,
): Promise<JobListView> => {
  const now = clock()
  const stored = storedStatus(status)
  const found = await jobs.list({ ...page, ...(stored === undefined ? {} : { status: stored }) })
  return {
    jobs: found.jobs
      .filter((job) => status === undefined || statusAt(job, now) === status)
      .map((job) => ({ ...withoutLists(jobSummary(job, now)), ...resultSummary(job) })),
    ...(found.cursor === undefined ? {} : { cursor: found.cursor }),
  }
}

const resultSummary = (job: Job): ResultSummary => {
  const { started_at, ended_at } = job
  const summary: ResultSummary = {}
  if (started_at !== undefined && ended_at !== undefined)
    summary.duration_seconds = (Date.parse(ended_at) - Date.parse(started_at)) / 1000
  if (job.kind === 'restore' && job.result?.dry_run !== undefined) summary.models = job.result.dry_run.models
  else if (job.result !== undefined) summary.models = job.result.models
  if (job.kind === 'export' && job.result !== undefined) {
    const { bucket, key, size } = job.result.archive
    summary.archive = { bucket, key, size }
  }
  return summary
}

/**
 * Removes the lists in the members of a job's error, such as `{ count, resources }` or `{ count, ids }`, so that a page
 * of jobs stays small. Counts are kept.
 */
const withoutLists = (job: JobView): JobView => {
  if (job.error === undefined) return job
  const members = Object.entries(job.error).map(([name, value]) => {
    const counted = Counted.safeParse(value)
    return [name, counted.success ? counted.data : value]
  })
  return { ...job, error: Problem.parse(Object.fromEntries(members)) }
}

/** Accepts an object with a count and a list. Parsing keeps only the count. */
const Counted = z.object({ count: z.int() })

/**
 * Converts a status of the API to the status in the job table. In the table, the job of an expired upload slot has the
 * status `awaiting_upload`, because nothing updates the job when its slot expires. All other statuses are equal.
 */
const storedStatus = (status: JobStatus | undefined): JobStatus | undefined =>
  status === 'expired' ? 'awaiting_upload' : status
