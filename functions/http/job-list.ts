import { z } from 'zod'
import { JOB_STATUSES, statusAt } from '../../shared/jobs/job.ts'
import type { JobStatus } from '../../shared/jobs/job.ts'
import { summaryOf, type JobView } from './job-view.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { oneOf, text, wholeNumber } from '../../shared/requests/parameters.ts'
import { parseParameters } from '../../shared/requests/parse-parameters.ts'

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
  /** Where the next page begins; absent on the last one. */
  readonly cursor?: string
}

/** One page of the jobs, newest first. A page may hold fewer than `limit` though more follow. */
export const listJobs = async ({ jobs, clock }: Services, { status, ...page }: ListParameters): Promise<JobPage> => {
  const now = clock()
  const stored = storedStatus(status)
  const found = await jobs.list({ ...page, ...(stored === undefined ? {} : { status: stored }) })
  return {
    jobs: found.jobs
      .filter((job) => status === undefined || statusAt(job, now) === status)
      .map((job) => summaryOf(job, now)),
    ...(found.cursor === undefined ? {} : { cursor: found.cursor }),
  }
}

/** A slot that ran out is stored as one that waits: nothing writes when its time is over. */
const storedStatus = (status: JobStatus | undefined): JobStatus | undefined =>
  status === 'expired' ? 'awaiting_upload' : status
