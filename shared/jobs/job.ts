import type { Filters } from '../filters/filters.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Problem } from '../problems/problem.ts'

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

export const ENDED: readonly JobStatus[] = ['succeeded', 'partial', 'failed', 'cancelled', 'expired']

export const STRATEGIES = ['overwrite', 'skip', 'raise_error'] as const
export type Strategy = (typeof STRATEGIES)[number]

export type JobSource = 'api' | 'upload' | 'schedule'

/** What an export was asked for. `models` is the sorted scope; `route_model` is set where one model's own route was called. */
export interface ExportRequest {
  readonly models: readonly string[]
  readonly route_model?: string
  /** The schedule that asked for it, and the time for which it did. */
  readonly schedule?: { readonly name: string; readonly at: string }
  readonly filters: Filters
  readonly strict: boolean
  readonly format: 'acbak' | 'specstar'
}

/** What a restore was asked for. `models` absent: every section of the archive. */
export interface RestoreRequest {
  readonly models?: readonly string[]
  readonly route_model?: string
  readonly filters: Filters
  readonly on_duplicate: Strategy
  readonly dry_run: boolean
  /** Where the archive lies, once it lies somewhere: an upload slot has none until its upload. */
  readonly archive?: ArchiveLocation
  /** Restores started by an upload write their report beside it as `{key}.report.json`. */
  readonly report_beside?: { readonly bucket: string; readonly key: string }
}

export interface ArchiveLocation {
  readonly bucket: string
  readonly key: string
  readonly version_id?: string
  readonly etag?: string
}

export interface ModelCounts {
  readonly resources: number
  readonly revisions: number
  readonly blobs: number
}

export interface MissingBlobs {
  readonly count: number
  /** The first 100. */
  readonly ids: readonly string[]
}

export interface ExportResult {
  /** SpecStar's stream has no manifest. */
  readonly archive: PinnedObject & { readonly manifest_sha256?: string }
  readonly models: Readonly<Record<string, ModelCounts>>
  readonly complete: boolean
  readonly missing_blobs: MissingBlobs
}

export interface RestoreCounts {
  readonly loaded: number
  readonly skipped: number
  readonly total: number
}

export interface RestoreResult {
  readonly models: Readonly<Record<string, RestoreCounts>>
  /** Absent on a dry run. */
  readonly verification?: { readonly passed: boolean; readonly checks: Readonly<Record<string, unknown>> }
  /** Present on a dry run: what would happen, by model, and to blobs. */
  readonly dry_run?: {
    readonly models: Readonly<Record<string, { new: number; changed: number; same: number; target_only: number }>>
    readonly blobs: { new: number; changed: number; same: number }
    readonly findings: readonly unknown[]
  }
  readonly missing_blobs?: MissingBlobs
  readonly blob_conflicts?: MissingBlobs
  /** Where the whole report lies. */
  readonly report?: { readonly bucket: string; readonly key: string }
}

interface JobBase {
  readonly job_id: string
  readonly status: JobStatus
  /** The stage that runs, or ran last. */
  readonly phase?: string
  /** Children planned, by phase: `progress` is made of these and the results. */
  readonly planned?: Readonly<Record<string, number>>
  readonly source: JobSource
  readonly requested_by: string
  readonly created_at: string
  readonly started_at?: string
  readonly ended_at?: string
  readonly error?: Problem
  /** Upload slots: until when the slot may be used. */
  readonly slot_expires_at?: string
}

export interface ExportJob extends JobBase {
  readonly kind: 'export'
  readonly request: ExportRequest
  readonly result?: ExportResult
}

export interface RestoreJob extends JobBase {
  readonly kind: 'restore'
  readonly request: RestoreRequest
  /** The models whose leases it has taken, or was about to take. */
  readonly leased?: readonly string[]
  readonly result?: RestoreResult
}

export type Job = ExportJob | RestoreJob

/** A job's status at a time: a slot that was not used until then has expired, though nothing wrote so. */
export const statusAt = (job: Job, now: Date): JobStatus =>
  job.status === 'awaiting_upload' &&
  job.slot_expires_at !== undefined &&
  Date.parse(job.slot_expires_at) <= now.getTime()
    ? 'expired'
    : job.status

/** Whether a job has ended; with a time: whether it has by then. */
export const hasEnded = (job: Job, now?: Date): boolean =>
  ENDED.includes(now === undefined ? job.status : statusAt(job, now))
