import pMap from 'p-map'
import type { ThrottledAttempts } from '../throttling/throttled-calls.ts'
import { DAY_MS } from '../values/durations.ts'
import type { JobStore } from './aws/job-store.ts'
import { isCallerFault } from './caller-fault.ts'
import { jobEndedEvent } from './job-events.ts'
import type { Job } from './job.ts'

/** The number of failed jobs that are examined. The limit keeps the number of reads small. */
const EXAMINED = 200
/** The number of running jobs whose throttled calls are read. The limit keeps the number of queries small. */
const THROTTLED_JOBS = 10

interface JobHealthServices {
  readonly jobs: Pick<JobStore, 'recent' | 'throttled'>
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

/** The jobs that have not ended, and the jobs that have failed recently. */
export interface JobHealth {
  readonly queued: number
  readonly running: number
  readonly awaiting_upload: number
  /** The start of the last 24 hours. */
  readonly since: string
  /** The jobs that have failed since then, whenever they were created, except those in `rejected`. */
  readonly failed: readonly FailedJob[]
  /** The number of jobs that have failed since then because of their request or of an archive of their caller. */
  readonly rejected: number
  /** False if more jobs have failed since then than were examined. */
  readonly all_examined: boolean
  /** The running jobs with calls that AWS throttled within the last two minutes. */
  readonly throttled: readonly { readonly job_id: string; readonly calls: readonly ThrottledAttempts[] }[]
}

/**
 * Returns the state of the jobs: those that have not ended, and the newest 200 that have failed within the last 24
 * hours. Needs a few reads of the job table, and writes nothing.
 */
export const jobHealth = async ({ jobs, config, clock }: JobHealthServices): Promise<JobHealth> => {
  const now = clock()
  const since = new Date(now.getTime() - DAY_MS)
  const { notEnded: active, failed, allFailed } = await jobs.recent({ since, limit: EXAMINED })
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
    since: since.toISOString(),
    failed: failed.filter((job) => !rejected.includes(job)).map(failedJob),
    rejected: rejected.length,
    all_examined: allFailed,
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
