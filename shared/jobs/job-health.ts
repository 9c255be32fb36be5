import pMap from 'p-map'
import type { ThrottledAttempts } from '../throttling/throttled-calls.ts'
import type { JobStore } from './aws/job-store.ts'
import { isCallerFault } from './caller-fault.ts'
import { jobEndedEvent } from './job-events.ts'
import { type Job, statusAt } from './job.ts'

const DAY_MS = 24 * 3600_000
/** The number of recent jobs that are examined. One page must be enough, because the health must be cheap to find. */
const EXAMINED = 50
/** The number of running jobs whose throttled calls are read. The limit keeps the number of queries small. */
const THROTTLED_JOBS = 10

interface JobHealthServices {
  readonly jobs: Pick<JobStore, 'list' | 'notEnded' | 'throttled'>
  readonly config: { readonly buckets: { readonly archives: string } }
  readonly clock: () => Date
}

/** A job that failed, although neither its request nor an archive of its caller was at fault. */
interface FailedJob {
  readonly job_id: string
  readonly kind: Job['kind']
  readonly source: Job['source']
  readonly ended_at?: string
  /** The type of its problem. */
  readonly type?: string
}

/** The running jobs, and the recent jobs that failed. */
export interface JobHealth {
  readonly queued: number
  readonly running: number
  readonly awaiting_upload: number
  /** The begin of the last 24 hours. */
  readonly since: string
  /** The number of jobs that were created since then and examined. */
  readonly examined: number
  /** True if all jobs since then were examined. */
  readonly all_examined: boolean
  readonly failed: readonly FailedJob[]
  /** The number of jobs that failed because of their request or of an archive of their caller. */
  readonly rejected: number
  /** The running jobs with calls that AWS throttled within the last two minutes. */
  readonly throttled: readonly { readonly job_id: string; readonly calls: readonly ThrottledAttempts[] }[]
}

/**
 * Returns the state of the jobs: those that have not ended, and the newest 50 of the last 24 hours. Needs a few reads of
 * the job table, and writes nothing.
 */
export const jobHealth = async ({ jobs, config, clock }: JobHealthServices): Promise<JobHealth> => {
  const now = clock()
  const since = new Date(now.getTime() - DAY_MS).toISOString()
  const [active, page] = await Promise.all([jobs.notEnded(), jobs.list({ limit: EXAMINED })])
  const recent = page.jobs.filter(({ created_at }) => created_at >= since)
  const failed = recent.filter((job) => statusAt(job, now) === 'failed')
  const rejected = failed.filter((job) => isCallerFault(jobEndedEvent('', job), config.buckets.archives))
  const running = active.filter(({ status }) => status === 'running')
  const throttled = await pMap(running.slice(0, THROTTLED_JOBS), async ({ job_id }) => ({
    job_id,
    calls: await jobs.throttled.recent(job_id),
  }))
  return {
    queued: active.filter(({ status }) => status === 'queued').length,
    running: running.length,
    awaiting_upload: active.filter(({ status }) => status === 'awaiting_upload').length,
    since,
    examined: recent.length,
    all_examined: recent.length < page.jobs.length || page.cursor === undefined,
    failed: failed.filter((job) => !rejected.includes(job)).map(failedJob),
    rejected: rejected.length,
    throttled: throttled.filter(({ calls }) => calls.length > 0),
  }
}

const failedJob = ({ job_id, kind, source, ended_at, error }: Job): FailedJob => ({
  job_id,
  kind,
  source,
  ...(ended_at === undefined ? {} : { ended_at }),
  ...(error === undefined ? {} : { type: error.type }),
})
