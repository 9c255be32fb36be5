import type { MissingBlob } from '../blobs/referrer.ts'
import type { Filters } from '../filters/filters.ts'
import type { PinnedObject } from '../objects/object.ts'
import type { Problem } from '../problems/problem.ts'
import type { UnrestorableResource } from './unrestorable-resource.ts'

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

export const STRATEGIES = ['overwrite', 'skip', 'raise_error'] as const
export type Strategy = (typeof STRATEGIES)[number]

/** Jobs, their results and their idempotency keys are kept for 90 days. */
export const KEPT_SECONDS = 90 * 24 * 3600

export type JobSource = 'api' | 'upload' | 'schedule'

/**
 * The options of an export. `models` contains the models to export, sorted. `route_model` is present if the request
 * used the route of one model.
 */
export interface ExportRequest {
  readonly models: readonly string[]
  readonly route_model?: string
  /**
   * The name of the schedule that requested the export, the due time, and the `min_ratio` of the schedule, if it has
   * one.
   */
  readonly schedule?: { readonly name: string; readonly at: string; readonly min_ratio?: number }
  readonly filters: Filters
  readonly strict: boolean
  readonly format: 'acbak' | 'specstar'
}

/** The options of a restore. Without `models`, the sections of all models in the archive are restored. */
export interface RestoreRequest {
  readonly models?: readonly string[]
  readonly route_model?: string
  readonly filters: Filters
  readonly on_duplicate: Strategy
  readonly dry_run: boolean
  /** False if resources that cannot be restored are left out. Absent means true. */
  readonly strict?: boolean
  /** Absent for an upload slot until its archive is uploaded. */
  readonly archive?: ArchiveLocation
  /** Present if an upload started the restore. The report is then also written to `{key}.report.json`. */
  readonly report_beside?: { readonly bucket: string; readonly key: string }
}

export interface ArchiveLocation {
  readonly bucket: string
  readonly key: string
  readonly version_id?: string
  readonly etag?: string
}

export interface ExportCounts {
  readonly resources: number
  readonly revisions: number
  readonly blobs: number
}

export interface ListedBlobs {
  readonly count: number
  /** The first 100 ids. */
  readonly ids: readonly string[]
  /** The first blobs, each with the first 3 resources that refer to it. Absent if no such resource is known. */
  readonly referred_by?: readonly MissingBlob[]
}

export interface ListedIds {
  readonly count: number
  /** The first 100, or fewer if they exceed 7 KiB. */
  readonly ids: readonly string[]
}

/** The members of a result that list the ids of a request for which nothing was exported or restored. */
export interface IdsWithoutResource {
  /** The ids for which no exported or restored model has a resource. Absent if there are none. */
  readonly not_found?: ListedIds
  /** The ids of resources that a filter other than `ids` excludes. Absent if there are none. */
  readonly excluded?: ListedIds
}

export interface ListedResources {
  readonly count: number
  /** The first 100, or fewer if they exceed 14 KiB. */
  readonly resources: readonly UnrestorableResource[]
}

/** A count that is much smaller in a scheduled archive than in an earlier archive of the schedule. */
export interface ShrunkCount {
  readonly model: string
  readonly count: keyof ExportCounts
  readonly before: number
  readonly now: number
  /** The job of the earlier archive. */
  readonly compared_with: string
}

/** The decision of a caller about a suspicious archive. */
export interface ArchiveDecision {
  readonly decision: 'confirmed' | 'rejected'
  /** The ARN of the caller. */
  readonly by: string
  /** ISO 8601. */
  readonly at: string
}

/**
 * The reasons why a scheduled archive is suspicious, and the decision about it. A suspicious archive contains much less
 * than earlier archives of the schedule.
 */
export interface SuspiciousArchive {
  /**
   * The number of resources in the archive. A request that confirms or rejects the archive must contain this number.
   */
  readonly resources: number
  /** The first 100 findings. */
  readonly findings: readonly ShrunkCount[]
  /** Absent until a caller confirms or rejects the archive. */
  readonly decision?: ArchiveDecision
}

/** Items of the resource table that belong to no resource of a registered model. */
export interface Unaccounted {
  readonly count: number
  /**
   * True if the stage `account-items` failed. Only the items that it found before the failure are counted and listed.
   * Otherwise absent.
   */
  readonly incomplete?: boolean
  /** The number of items for each reason. */
  readonly reasons: Readonly<Record<string, number>>
  /** The first 100, or fewer if they exceed 14 KiB. */
  readonly items: readonly { readonly pk: string; readonly sk: string; readonly reason: string }[]
  /** The object in the work bucket that lists all these items. */
  readonly list?: { readonly bucket: string; readonly key: string }
}

export interface ExportResult extends IdsWithoutResource {
  /** `manifest_sha256` is absent for a SpecStar stream, which has no manifest. */
  readonly archive: PinnedObject & { readonly manifest_sha256?: string }
  readonly models: Readonly<Record<string, ExportCounts>>
  readonly complete: boolean
  readonly missing_blobs: ListedBlobs
  /** The resources that were left out of the archive, because they could not be restored. Absent if there are none. */
  readonly left_out?: ListedResources
  /** Present only if the export searched for items that belong to no resource, and found such items or failed. */
  readonly unaccounted?: Unaccounted
  /** Present only if the archive of a scheduled export was judged as suspicious. */
  readonly suspicious?: SuspiciousArchive
}

interface RestoreCounts {
  readonly loaded: number
  readonly skipped: number
  readonly total: number
}

export interface RestoreResult extends IdsWithoutResource {
  readonly models: Readonly<Record<string, RestoreCounts>>
  /** Absent on a dry run. */
  readonly verification?: {
    readonly passed: boolean
    /** False if the verification failed, or if it checked nothing. Absent in jobs of earlier releases. */
    readonly proved?: boolean
    readonly checks: Readonly<Record<string, unknown>>
  }
  /** Present only for a dry run. Contains the numbers of resources and blobs that the restore would change. */
  readonly dry_run?: {
    readonly models: Readonly<Record<string, { new: number; changed: number; same: number; target_only: number }>>
    readonly blobs: { new: number; changed: number; same: number }
    readonly findings: readonly unknown[]
  }
  readonly missing_blobs?: ListedBlobs
  readonly blob_conflicts?: ListedBlobs
  /** The resources that the export or the restore left out. Absent if there are none. */
  readonly left_out?: ListedResources
  /** The location of the whole report. */
  readonly report?: { readonly bucket: string; readonly key: string }
}

interface JobBase {
  readonly job_id: string
  readonly status: JobStatus
  /** The name of the stage that is running or ran last. */
  readonly phase?: string
  /** The number of map items of each phase. Progress is computed from this number and the results. */
  readonly planned?: Readonly<Record<string, number>>
  readonly source: JobSource
  readonly requested_by: string
  readonly created_at: string
  readonly started_at?: string
  readonly ended_at?: string
  /** The time at which the event of the job's end was published. */
  readonly published_at?: string
  readonly error?: Problem
  /** The time until which the upload slot may be used, in ISO 8601. Absent if the job has no slot. */
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
  /** The models whose leases the job holds, or was about to take. */
  readonly leased?: readonly string[]
  readonly result?: RestoreResult
}

export type Job = ExportJob | RestoreJob

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
