import * as z from 'zod'
import { Problem } from '../problems/problem.ts'
import { CheckJobResult } from './check-result.ts'
import { ExportResult } from './export-result.ts'
import { CheckRequest, ExportRequest, RestoreRequest } from './job-request.ts'
import { RestoreResult } from './restore-result.ts'

export const JOB_STATUSES = [
  'awaiting_upload',
  'queued',
  'running',
  'succeeded',
  'partial',
  'failed',
  'cancelled',
  'expired',
] as const
export type JobStatus = (typeof JOB_STATUSES)[number]

/** The statuses of jobs that have ended. They never change again. */
export const ENDED: readonly JobStatus[] = ['succeeded', 'partial', 'failed', 'cancelled', 'expired']

/** Jobs, their results and their idempotency keys are kept for 90 days. */
export const KEPT_SECONDS = 90 * 24 * 3600

export const JOB_SOURCES = ['api', 'upload', 'schedule'] as const
export type JobSource = (typeof JOB_SOURCES)[number]

const MEMBERS = {
  job_id: z.string(),
  status: z.enum(JOB_STATUSES),
  /** The name of the stage that is running or ran last. */
  phase: z.exactOptional(z.string()),
  /** The number of map items of each phase. Progress is computed from this number and the results. */
  planned: z.exactOptional(z.record(z.string(), z.int()).readonly()),
  /** The counts that the phase will have at its end. They may be estimates. Empty if nothing is known. */
  expected: z.exactOptional(z.record(z.string(), z.int()).readonly()),
  source: z.enum(JOB_SOURCES),
  requested_by: z.string(),
  created_at: z.string(),
  started_at: z.exactOptional(z.string()),
  ended_at: z.exactOptional(z.string()),
  /** The time at which the event of the job's end was published. */
  published_at: z.exactOptional(z.string()),
  error: z.exactOptional(Problem),
  /** The time until which the upload slot may be used, in ISO 8601. Absent if the job has no slot. */
  slot_expires_at: z.exactOptional(z.string()),
}

const ExportJob = z
  .object({
    ...MEMBERS,
    kind: z.literal('export'),
    request: ExportRequest,
    result: z.exactOptional(ExportResult),
  })
  .readonly()
export type ExportJob = z.output<typeof ExportJob>

const RestoreJob = z
  .object({
    ...MEMBERS,
    kind: z.literal('restore'),
    request: RestoreRequest,
    /** The models whose leases the job holds, or was about to take. */
    leased: z.exactOptional(z.array(z.string()).readonly()),
    /** Whether the rollback of a failed job has ended. Absent if no rollback began, or if an earlier version ran it. */
    rolled_back: z.exactOptional(z.boolean()),
    result: z.exactOptional(RestoreResult),
  })
  .readonly()
export type RestoreJob = z.output<typeof RestoreJob>

const CheckJob = z
  .object({
    ...MEMBERS,
    kind: z.literal('check'),
    request: CheckRequest,
    result: z.exactOptional(CheckJobResult),
  })
  .readonly()
export type CheckJob = z.output<typeof CheckJob>

/** A job that reads an archive. */
export type ArchiveJob = RestoreJob | CheckJob

/** A job. Jobs are kept for 90 days, so the schema also accepts the jobs of earlier versions. */
export const Job = z.discriminatedUnion('kind', [ExportJob, RestoreJob, CheckJob])
export type Job = z.output<typeof Job>

/**
 * Returns the status of a job at a given time. If an unused slot has expired, returns `expired`, although the job table
 * still contains `awaiting_upload`.
 */
export const statusAt = (job: Job, now: Date): JobStatus =>
  job.status === 'awaiting_upload' &&
  job.slot_expires_at !== undefined &&
  Date.parse(job.slot_expires_at) <= now.getTime()
    ? 'expired'
    : job.status

/** Returns true if a job has ended. If `now` is given, an expired slot counts as ended too. */
export const hasEnded = (job: Job, now?: Date): boolean =>
  ENDED.includes(now === undefined ? job.status : statusAt(job, now))

/** Returns true if a job restores an upload to the restore bucket, and the restore has not started. */
export const isQueuedUpload = (job: Job): boolean => job.source === 'upload' && job.status === 'queued'

/**
 * Returns true if an upload waits for another restore. Before the job tries to take leases for the first time, it
 * stores their models in `leased`. When it has the leases, its status becomes `running`.
 */
export const isWaitingUpload = (job: Job): boolean =>
  isQueuedUpload(job) && job.kind === 'restore' && job.leased !== undefined
