import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { EXISTING_STORES, type ExistingStore } from '../jobs/check-stores.ts'
import { RetentionDays } from '../schedules/retention.ts'
import { type Schedule, SchedulesShape } from '../schedules/schedule.ts'
import { STRATEGIES, type Strategy } from '../jobs/job-request.ts'
import { issueLines, schemaMessage } from '../values/schema-messages.ts'

/** The configuration of a deployment, including the names of its tables and buckets. */
export interface Config {
  /** The name of the deployment. Manifests and events contain it. */
  readonly deployment: string
  readonly region: string
  readonly tables: { readonly resources: string; readonly jobs: string }
  readonly buckets: {
    readonly blobs: string
    readonly archives: string
    readonly restores: string
    readonly work: string
  }
  /** Further buckets from which archives may be restored (`from` in a restore request). */
  readonly restore_from: readonly ArchiveBucket[]
  /** The bucket to which the archives of schedules are copied. By default, they are not copied. */
  readonly copy_archives_to?: CopyTarget
  /** The stores that the deployment uses, but has not created. Jobs check their settings. */
  readonly existing_stores: readonly ExistingStore[]
  /** The strategy for an uploaded archive whose key does not contain a strategy. */
  readonly upload_strategy: Strategy
  /** True if an export of all resources also searches for items that belong to no resource. */
  readonly account_items: boolean
  readonly schedules: readonly Schedule[]
  /**
   * The number of days for which exports, uploads and reports are kept. Objects of an absent group are never deleted
   * automatically.
   */
  readonly retention: RetentionDays
  /** Path of the model registry. By default, the sample models in `shared/models.json` are used. */
  readonly models_file: string
}

const SAMPLE_MODELS = fileURLToPath(new URL('../models.json', import.meta.url))

/** A bucket with archives. If `account` is present, S3 checks in every request that this account owns the bucket. */
export interface ArchiveBucket {
  readonly bucket: string
  readonly account?: string
}

/** A bucket in another account or region. Without `region`, it is in the region of the deployment. */
const CopyTarget = z
  .strictObject({ bucket: z.string(), account: z.string(), region: z.exactOptional(z.string()) })
  .readonly()
type CopyTarget = z.output<typeof CopyTarget>

const Name = z.string().min(1)
/** Returns the schema of a variable whose value is JSON. */
const json = (byDefault: string) =>
  z
    .string()
    .default(byDefault)
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text)
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON' })
        return z.NEVER
      }
    })

/** A list of buckets, separated by commas. Each has the form `bucket` or `bucket=account`. */
const ArchiveBuckets = z
  .string()
  .regex(/^$|^[^=,]+(?:=\d{12})?(?:,[^=,]+(?:=\d{12})?)*,?$/, 'must be a list of bucket or bucket=account')
  .transform((text): readonly ArchiveBucket[] =>
    text
      .split(',')
      .filter((entry) => entry !== '')
      .map((entry) => {
        const [bucket = '', account] = entry.split('=')
        return { bucket, ...(account === undefined ? {} : { account }) }
      }),
  )

/** A list of stores, separated by commas. */
const ExistingStores = z
  .string()
  .transform((text) => text.split(',').filter((store) => store !== ''))
  .pipe(z.array(z.enum(EXISTING_STORES)))

/** Returns the value of the environment variable `RESTORE_FROM`. */
export const formatArchiveBuckets = (buckets: readonly ArchiveBucket[]): string =>
  buckets.map(({ bucket, account }) => (account === undefined ? bucket : `${bucket}=${account}`)).join(',')

const Environment = z.object({
  DEPLOYMENT: Name.default('local'),
  AWS_REGION: Name.default('us-east-1'),
  RESOURCE_TABLE: Name.default('specstar-resources'),
  JOB_TABLE: Name.default('specstar-jobs'),
  BLOB_BUCKET: Name.default('specstar-blobs'),
  ARCHIVE_BUCKET: Name.default('specstar-archives'),
  RESTORE_BUCKET: Name.default('specstar-restores'),
  WORK_BUCKET: Name.default('specstar-work'),
  RESTORE_FROM: ArchiveBuckets.prefault(''),
  EXISTING_STORES: ExistingStores.prefault(''),
  UPLOAD_STRATEGY: z.enum(STRATEGIES).default('raise_error'),
  ACCOUNT_ITEMS: z.enum(['true', 'false']).default('true'),
  SCHEDULES: json('[]').pipe(SchedulesShape),
  COPY_ARCHIVES_TO: json('null').pipe(CopyTarget.nullable()),
  RETENTION: json('{}').pipe(RetentionDays),
  MODELS_FILE: Name.default(SAMPLE_MODELS),
})

/** Environment variables have invalid values. The message contains each variable and its allowed values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Reads the configuration from environment variables. The defaults are the values of the local program. Throws
 * `ConfigError` if a variable has an invalid value.
 */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): Config => {
  const parsed = Environment.safeParse(env, { error: schemaMessage })
  if (!parsed.success) throw new ConfigError(issueLines(parsed.error).join('\n'))
  const read = parsed.data
  return {
    deployment: read.DEPLOYMENT,
    region: read.AWS_REGION,
    tables: { resources: read.RESOURCE_TABLE, jobs: read.JOB_TABLE },
    buckets: {
      blobs: read.BLOB_BUCKET,
      archives: read.ARCHIVE_BUCKET,
      restores: read.RESTORE_BUCKET,
      work: read.WORK_BUCKET,
    },
    restore_from: read.RESTORE_FROM,
    ...(read.COPY_ARCHIVES_TO === null ? {} : { copy_archives_to: read.COPY_ARCHIVES_TO }),
    existing_stores: read.EXISTING_STORES,
    upload_strategy: read.UPLOAD_STRATEGY,
    account_items: read.ACCOUNT_ITEMS === 'true',
    schedules: read.SCHEDULES,
    retention: read.RETENTION,
    models_file: read.MODELS_FILE,
  }
}
