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
type ListParameters = z.output<typeof Parameters>

export const listParameters = (query: Readonly<Record<string, unknown>>): ListParameters =>
  parseParameters(Parameters, query)

interface JobListView {
  readonly jobs: readonly JobView[]
  /** The value of the parameter `cursor` for the next page. The last page has no cursor. */
  readonly cursor?: string
}

/** Returns one page of jobs, newest first. A page with fewer than `limit` jobs is not always the last page. */
export const listJobs = async (
  { jobs, clock }: { readonly jobs: JobStore; readonly clock: () => Date },
  { status, ...page }: ListParameters,
): Promise<JobListView> => {
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

/**
 * Returns the status in the job table of jobs that the API returns with `status`. The job of an expired upload slot is
 * stored as `awaiting_upload`, because nothing updates the job when its slot expires.
 */
const storedStatus = (status: JobStatus | undefined): JobStatus | undefined =>
  status === 'expired' ? 'awaiting_upload' : status
