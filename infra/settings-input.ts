import type { RetentionDays } from 'aws-cdk-lib/aws-logs'

/** The path or URL of a JSON file, or the content of the file. A path is relative to the working directory. */
export type InputFile<Content extends object = object> = string | URL | Content

/**
 * The settings of a deployment, as users write them. All settings except `deployment` are optional. `RUNBOOK.md`
 * describes each of them. This file imports no schemas, because users of the package read its types.
 */
export interface SettingsInput {
  /**
   * Name of the deployment. Names of stacks, functions, tables and buckets start with it. Manifests and events contain
   * it.
   */
  readonly deployment: string
  /** Exports that start at fixed times. By default, there are none. */
  readonly schedules?: readonly ScheduleInput[]
  readonly retention?: RetentionInput
  /** The strategy of an upload whose key does not start with the name of a strategy. By default, `raise_error`. */
  readonly upload_strategy?: 'overwrite' | 'skip' | 'raise_error'
  /** Whether an export of everything looks for items of the table that belong to no resource. By default, true. */
  readonly account_items?: boolean
  /**
   * Other buckets whose archives may be restored. With `account`, each read checks that this account owns the bucket.
   */
  readonly restore_from?: readonly (string | { readonly bucket: string; readonly account: string })[]
  /** A table, buckets and a key that exist already and are used instead of new ones. */
  readonly existing?: ExistingInput
  /** Whether the routes `/{model}/export` and `/{model}/import` exist. By default, true. */
  readonly resource_routes?: boolean
  /** `kms` creates a KMS key for the deployment. With `s3`, the default, AWS manages the encryption keys. */
  readonly encryption?: 'kms' | 's3'
  /**
   * The number of days for which S3 Object Lock protects an archive from deletion, in the mode `governance`. By
   * default, there is no lock.
   */
  readonly archive_lock_days?: number
  /**
   * S3 Object Lock in an explicit mode. In the mode `compliance`, nobody can delete an archive or shorten its lock. Not
   * together with `archive_lock_days`.
   */
  readonly archive_lock?: { readonly mode: 'governance' | 'compliance'; readonly days: number }
  /**
   * A bucket in another account or region. Every archive of a schedule is copied to it and checked there. By default,
   * `account` and `region` are those of the deployment.
   */
  readonly copy_archives_to?: { readonly bucket: string; readonly account?: string; readonly region?: string }
  /** The address that receives the alarms. */
  readonly alarm_email?: string
  /** The number of workers that one stage of a job runs at the same time. By default, 64. */
  readonly max_concurrency?: number
  /**
   * The reserved concurrency of each worker function. AWS keeps so many concurrent executions for the function, and
   * never runs more. By default, the functions share the concurrency of the account with all other functions.
   */
  readonly reserved_concurrency?: number
  /** The requests that the API accepts per second, and at once. */
  readonly throttle?: { readonly rate?: number; readonly burst?: number }
}

/**
 * Stores of others. The deployment never creates, changes or deletes them. They are in the account and region of the
 * deployment. `RUNBOOK.md` describes the settings and policies that they need.
 */
interface ExistingInput {
  /** The name of the table with the resources. `STORE.md` describes its items. */
  readonly resource_table?: string
  /** The name of the bucket with the blobs. */
  readonly blob_bucket?: string
  /** The name of the bucket to which archives are uploaded. */
  readonly restore_bucket?: string
  /**
   * The ARN of the KMS key that encrypts the existing stores. If `encryption` is `kms`, it also encrypts the stores of
   * the deployment.
   */
  readonly key_arn?: string
}

/** The number of days for which objects and logs are kept. */
interface RetentionInput {
  /** The number of days for which replaced and deleted versions of blobs, archives and uploads are kept. */
  readonly old_versions_days?: number
  readonly log_days?: RetentionDays
  // The number of days for which the objects of each group are kept. Objects of an absent group are never deleted
  // automatically.
  /** Archives of export requests. */
  readonly exports_days?: number
  /** Uploads to upload slots. */
  readonly slots_days?: number
  /** Other uploads, and their reports. */
  readonly uploads_days?: number
  /** Reports of restores. */
  readonly reports_days?: number
}

/** A schedule of exports. It has either `cron`, optionally with `timezone`, or `rate`. */
interface ScheduleInput {
  readonly name: string
  readonly cron?: string
  readonly timezone?: string
  readonly rate?: string
  /** By default, all models are exported. */
  readonly models?: readonly string[]
  /** Filter parameters as in the body of an export request. */
  readonly filters?: Readonly<Record<string, unknown>>
  readonly strict?: boolean
  readonly keep_days: number
  readonly min_ratio?: number
}
