import * as z from 'zod'
import type { JobStore } from '../../shared/jobs/aws/job-store.ts'
import { withShorterBudget } from '../../shared/throttling/call-context.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import { UnknownJobError } from '../../shared/jobs/errors.ts'
import {
  ENDED,
  type Job,
  JOB_SOURCES,
  JOB_STATUSES,
  type JobStatus,
  type RestoreJob,
  statusAt,
} from '../../shared/jobs/job.ts'
import { COUNT_NAMES, progressOf } from '../../shared/jobs/progress.ts'
import type { SignedUrls } from '../../shared/objects/aws/signed-urls.ts'
import { Problem } from '../../shared/problems/problem.ts'
import { CheckAnswer, checkView } from './check-view.ts'
import { ExportView, exportView } from './export-view.ts'
import { problemView } from './left-out-view.ts'
import {
  CheckRequestView,
  checkRequestView,
  ExportRequestView,
  exportRequestView,
  RestoreRequestView,
  restoreRequestView,
} from './request-view.ts'
import { AnyRestoreView, restoreView } from './restore-view.ts'
import { RESULT_COUNTERS } from './result-counters.ts'

/** The services that a function needs to create the job object of a response. */
export interface JobViewServices {
  readonly jobs: JobStore
  readonly urls: SignedUrls
  readonly clock: () => Date
}

/** The calls of one operation on one table or bucket that AWS throttled within the last two minutes. */
const ThrottledView = z
  .object({
    by: z.string().describe('The service and the table or bucket'),
    operation: z.string(),
    since: z.string(),
    last_at: z.string(),
    attempts: z.int(),
  })
  .readonly()
type ThrottledView = z.output<typeof ThrottledView>

const LinksView = z
  .object({
    self: z.string(),
    archive: z.exactOptional(z.string()),
    report: z.exactOptional(z.string()),
    cancel: z.exactOptional(z.string()),
  })
  .readonly()
  .describe('Paths of the API. A link is absent if its route would respond with an error')
type LinksView = z.output<typeof LinksView>

/** The members of a job object that all kinds of jobs have, except `kind`. */
const MEMBERS = z.object({
  job_id: z.string(),
  status: z.enum(JOB_STATUSES),
  phase: z.exactOptional(z.string()).describe('The stage that is running or ran last'),
  progress: z
    .exactOptional(z.object({ done: z.int(), total: z.int() }).readonly())
    .describe('The parts of the running phase. Absent unless the job is running and its phase is planned'),
  counts: z
    .exactOptional(z.partialRecord(z.enum(COUNT_NAMES), z.int()).readonly())
    .describe('What the running phase has processed'),
  expected: z
    .exactOptional(z.partialRecord(z.enum(COUNT_NAMES), z.int()).readonly())
    .describe('What the running phase will have processed at its end, if this is known or estimated'),
  throttled: z.exactOptional(z.array(ThrottledView).readonly()),
  source: z.enum(JOB_SOURCES),
  requested_by: z.string().describe('The ARN of the caller, or the schedule or upload that started the job'),
  created_at: z.string(),
  started_at: z.exactOptional(z.string()),
  ended_at: z.exactOptional(z.string()),
  slot_expires_at: z.exactOptional(z.string()).describe('The time until which the upload slot may be used'),
  error: z.exactOptional(Problem).describe('Why the job failed'),
  links: LinksView,
})
type JobMembers = Readonly<z.output<typeof MEMBERS>>

/** The job objects of the API, by kind. */
export const JOB_VIEWS = {
  export: z.object({
    ...MEMBERS.shape,
    kind: z.literal('export'),
    request: ExportRequestView,
    result: z.exactOptional(ExportView),
  }),
  restore: z.object({
    ...MEMBERS.shape,
    kind: z.literal('restore'),
    request: RestoreRequestView,
    rolled_back: z
      .exactOptional(z.boolean())
      .describe(
        'Only present if the job failed in the phase `rollback`. ' +
          'True if the resources that the job had written were removed, and false if some may remain',
      ),
    result: z.exactOptional(AnyRestoreView),
  }),
  check: z.object({
    ...MEMBERS.shape,
    kind: z.literal('check'),
    request: CheckRequestView,
    result: z.exactOptional(CheckAnswer),
  }),
}

/** The job object of the API. */
export const JobView = z
  .discriminatedUnion('kind', [JOB_VIEWS.export, JOB_VIEWS.restore, JOB_VIEWS.check])
  .readonly()
  .meta({ id: 'Job' })
export type JobView = z.output<typeof JobView>

/** Returns the job with this id. Throws `UnknownJobError` if there is no such job. */
export const findJob = async ({ jobs }: { readonly jobs: JobStore }, jobId: string): Promise<Job> => {
  const job = await jobs.get(jobId)
  if (job === undefined) throw new UnknownJobError(jobId)
  return job
}

export const jobPath = (jobId: string): string => `/_backup/jobs/${jobId}`

/** Returns the job object for a list of jobs. It has no progress and no result. */
export const jobSummary = (job: Job, now: Date): JobView => {
  const members = membersOf(job, now)
  switch (job.kind) {
    case 'export':
      return { kind: job.kind, ...members, request: exportRequestView(job) }
    case 'restore':
      return { kind: job.kind, ...members, ...restoreMembers(job) }
    case 'check':
      return { kind: job.kind, ...members, request: checkRequestView(job) }
  }
}

/** Returns the job object with progress and result. The URLs are signed again in each call. */
export const jobView = async (services: JobViewServices, job: Job): Promise<JobView> => {
  const progress = job.status === 'running' ? await progressOf(services.jobs, job, RESULT_COUNTERS) : undefined
  const throttled = job.status === 'running' ? await throttledCalls(services, job) : []
  const members = {
    ...membersOf(job, services.clock()),
    ...progress,
    ...(throttled.length === 0 ? {} : { throttled }),
    ...(job.error === undefined ? {} : { error: await problemView(services, job.error) }),
  }
  switch (job.kind) {
    case 'export':
      return { kind: job.kind, ...members, request: exportRequestView(job), ...member(await exportView(services, job)) }
    case 'restore':
      return {
        kind: job.kind,
        ...members,
        ...restoreMembers(job),
        ...member(await restoreView(services, job)),
      }
    case 'check':
      return { kind: job.kind, ...members, request: checkRequestView(job), ...member(checkView(job)) }
  }
}

/** The members that only the objects of restores have, except `kind` and `result`. */
const restoreMembers = (job: RestoreJob): Pick<z.output<typeof JOB_VIEWS.restore>, 'request' | 'rolled_back'> => ({
  request: restoreRequestView(job),
  ...(job.rolled_back === undefined ? {} : { rolled_back: job.rolled_back }),
})

/** Returns the member `result` of a job object. Returns an empty object if the job has no result. */
const member = <Result>(result: Result | undefined): { readonly result?: Result } =>
  result === undefined ? {} : { result }

const membersOf = (job: Job, now: Date): JobMembers => {
  const status = statusAt(job, now)
  const { job_id, phase, source, requested_by, created_at, started_at, ended_at, slot_expires_at, error } = job
  return {
    job_id,
    status,
    ...(phase === undefined ? {} : { phase }),
    source,
    requested_by,
    created_at,
    ...(started_at === undefined ? {} : { started_at }),
    ...(ended_at === undefined ? {} : { ended_at }),
    ...(slot_expires_at === undefined ? {} : { slot_expires_at }),
    ...(error === undefined ? {} : { error }),
    links: linksOf(job, status),
  }
}

/** The time in milliseconds for which the read of the throttled calls is repeated. The response is complete without. */
const THROTTLED_READ_MS = 500

/** Returns the throttled calls of a running job. If their read is throttled itself, returns an empty list. */
const throttledCalls = async (
  { jobs }: Pick<JobViewServices, 'jobs'>,
  { job_id }: Job,
): Promise<readonly ThrottledView[]> => {
  try {
    const recent = await withShorterBudget(THROTTLED_READ_MS, () => jobs.throttled.recent(job_id))
    return recent.map((calls) => ({
      ...calls,
      since: calls.since.toISOString(),
      last_at: calls.last_at.toISOString(),
    }))
  } catch (error) {
    if (!(error instanceof ThrottledError)) throw error
    return []
  }
}

/** The results of jobs. */
type ResultView = ExportView | AnyRestoreView | CheckAnswer

/**
 * Returns the result of a job, or `undefined` if the job has no result. Responses with status 200 contain the result
 * as their body. The job object contains it as the member `result`.
 */
export const resultView = async (
  services: Pick<JobViewServices, 'urls'>,
  job: Job,
): Promise<ResultView | undefined> => {
  switch (job.kind) {
    case 'export':
      return exportView(services, job)
    case 'restore':
      return restoreView(services, job)
    case 'check':
      return checkView(job)
  }
}

const linksOf = (job: Job, status: JobStatus): LinksView => {
  const self = jobPath(job.job_id)
  return {
    self,
    ...(job.kind === 'export' && (!ENDED.includes(status) || job.result !== undefined)
      ? { archive: `${self}/archive` }
      : {}),
    ...(job.kind !== 'export' && ENDED.includes(status) && status !== 'expired' ? { report: `${self}/report` } : {}),
    ...(ENDED.includes(status) ? {} : { cancel: `${self}/cancel` }),
  }
}
