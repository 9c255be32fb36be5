import { z } from 'zod'
import type { JobStore } from '../../shared/jobs/aws/job-store.ts'
import { JOB_STATUSES, type JobStatus, statusAt } from '../../shared/jobs/job.ts'
import { oneOf, text, wholeNumber } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'
import { jobSummary, type JobView } from './job-view.ts'

const MAX_PAGE = 200
const Parameters = z.strictObject({
  kind: z.exactOptional(oneOf(['export', 'restore'])),
  status: z.exactOptional(oneOf(JOB_STATUSES)),
  limit: wholeNumber('a whole number', 1, MAX_PAGE).default(50),
  cursor: z.exactOptional(text()),
})
export type ListParameters = z.output<typeof Parameters>

export const listParameters = (query: Readonly<Record<string, unknown>>): ListParameters =>
  parseParameters(Parameters, query)

export interface JobPage {
  readonly jobs: readonly JobView[]
  /** The start of the next page; missing on the last page. */
  readonly cursor?: string
}

/** One page of the jobs, newest first. A page may contain fewer than `limit` jobs although more pages follow. */
export const listJobs = async (
  { jobs, clock }: { readonly jobs: JobStore; readonly clock: () => Date },
  { status, ...page }: ListParameters,
): Promise<JobPage> => {
  const now = clock()
  const stored = storedStatus(status)
  const found = await jobs.list({ ...page, ...(stored === undefined ? {} : { status: stored }) })
  return {
    jobs: found.jobs
      .filter((job) => status === undefined || statusAt(job, now) === status)
      .map((job) => jobSummary(job, now)),
    ...(found.cursor === undefined ? {} : { cursor: found.cursor }),
  }
}

/** Nothing updates a job when its upload slot expires: the stored status remains `awaiting_upload`. */
const storedStatus = (status: JobStatus | undefined): JobStatus | undefined =>
  status === 'expired' ? 'awaiting_upload' : status
