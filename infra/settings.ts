import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import * as z from 'zod'
import { DEFAULT_MAX_CONCURRENCY } from '../functions/workflows/states.ts'
import { STRATEGIES } from '../shared/jobs/job-request.ts'
import type { ModelRegistry } from '../shared/resources/models.ts'
import type { RetentionDays as ObjectRetention } from '../shared/schedules/retention.ts'
import { SCHEDULE_MEMBERS, type Schedule, SchedulesShape, validateSchedule } from '../shared/schedules/schedule.ts'
import type { ArchiveBucket } from '../shared/runtime/config.ts'
import { schemaMessage } from '../shared/values/schema-messages.ts'
import { copyTargetFaults } from './copy-target.ts'
import type { SettingsInput } from './settings-input.ts'

/** The valid settings of a deployment, with their defaults. `SettingsInput` describes each setting. */
export interface Settings extends Omit<z.output<typeof SettingsShape>, 'schedules'> {
  readonly schedules: readonly Schedule[]
  /** The schedules as a JSON string, for the environment variable `SCHEDULES`. */
  readonly schedules_json: string
}

/** Has one schema for each member of `T`, and no others. */
type SchemaOfEach<T> = Readonly<Record<keyof T, z.ZodType>>

/** The retention periods that CloudWatch Logs supports, except "forever". */
const LOG_DAYS = Object.values(RetentionDays).filter(
  (days) => typeof days === 'number' && days !== RetentionDays.INFINITE,
)
/**
 * The largest size of `schedules_json` in bytes. Lambda limits all environment variables of a function to 4 KB
 * together, and the other variables need 1,700 bytes.
 */
const MAX_SCHEDULES_BYTES = 2_300

/** An account id is a string, because a number would lose its leading zeros. */
const ACCOUNT = 'must be an account id: a string of 12 digits'
const accountId = z.string(ACCOUNT).regex(/^\d{12}$/, ACCOUNT)

const BUCKET_NAME = 'must be the name of an S3 bucket: 3 to 63 characters of a-z, 0-9, . and -'
const bucketName = z
  .string(BUCKET_NAME)
  .regex(/^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, BUCKET_NAME)

const OtherBucket = z.strictObject(
  {
    bucket: bucketName,
    account: accountId,
  },
  'must be the name of a bucket, or an object with bucket and account',
)

/** A bucket of the setting `restore_from`. The account is unknown if the setting contains only a name. */
const archiveBucket = z.unknown().transform((entry, context): ArchiveBucket => {
  const { data, error } =
    typeof entry === 'string'
      ? bucketName.transform((bucket) => ({ bucket })).safeParse(entry)
      : OtherBucket.safeParse(entry)
  for (const issue of error?.issues ?? [])
    context.addIssue({ code: 'custom', message: issue.message, path: issue.path })
  return data ?? z.NEVER
})

const days = () =>
  z.int('must be a whole number of days').min(1, 'must be at least 1').max(36_500, 'must be at most 36500')

const concurrency = () =>
  z.int('must be a whole number').min(1, 'must be at least 1').max(1_000, 'must be at most 1000')

const DEPLOYMENT = 'must be a lower-case letter followed by at most 23 characters of a-z, 0-9 and -'

const Retention = z.strictObject({
  old_versions_days: days().default(90),
  log_days: z
    .custom<RetentionDays>((value) => LOG_DAYS.some((days) => days === value), `must be one of ${LOG_DAYS.join(', ')}`)
    .default(RetentionDays.THREE_MONTHS),
  exports_days: z.exactOptional(days()),
  slots_days: z.exactOptional(days()),
  uploads_days: z.exactOptional(days()),
  reports_days: z.exactOptional(days()),
} satisfies SchemaOfEach<SettingsInput['retention'] & object>)
const Throttle = z.strictObject({
  rate: z.number('must be a number').min(1, 'must be at least 1').max(10_000, 'must be at most 10000').default(20),
  burst: z.int('must be a whole number').min(1, 'must be at least 1').max(5_000, 'must be at most 5000').default(40),
} satisfies SchemaOfEach<SettingsInput['throttle'] & object>)
/** The mode has no default, so that nobody chooses `compliance` by mistake. */
const ArchiveLock = z.strictObject(
  {
    mode: z.enum(['governance', 'compliance'], 'must be "governance" or "compliance"'),
    days: days(),
  } satisfies SchemaOfEach<SettingsInput['archive_lock'] & object>,
  'must be an object with mode and days',
)

const TABLE_NAME = 'must be the name of a DynamoDB table: 3 to 255 characters of a-z, A-Z, 0-9, _, . and -'
const KEY_ARN = 'must be the ARN of a KMS key, such as arn:aws:kms:eu-west-1:111111111111:key/…, and not of an alias'
const Existing = z.strictObject({
  resource_table: z.exactOptional(z.string(TABLE_NAME).regex(/^[\w.-]{3,255}$/, TABLE_NAME)),
  blob_bucket: z.exactOptional(bucketName),
  restore_bucket: z.exactOptional(bucketName),
  key_arn: z.exactOptional(
    z.string(KEY_ARN).regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/, KEY_ARN),
  ),
} satisfies SchemaOfEach<SettingsInput['existing'] & object>)

const REGION = 'must be the name of a region, such as eu-central-1'
const CopyTarget = z.strictObject(
  {
    bucket: bucketName,
    account: z.exactOptional(accountId),
    region: z.exactOptional(z.string(REGION).regex(/^[a-z]{2,}(?:-[a-z]+)+-\d+$/, REGION)),
  } satisfies SchemaOfEach<SettingsInput['copy_archives_to'] & object>,
  'must be an object with bucket and, optionally, account and region',
)

/** The settings that are objects. */
const GROUPS: ReadonlyMap<PropertyKey, z.ZodObject> = new Map<PropertyKey, z.ZodObject>([
  ['retention', Retention],
  ['throttle', Throttle],
  ['archive_lock', ArchiveLock],
  ['copy_archives_to', CopyTarget],
  ['existing', Existing],
])

const SettingsShape = z.strictObject({
  deployment: z
    .string(DEPLOYMENT)
    .regex(/^[a-z][a-z0-9-]{0,23}$/, DEPLOYMENT)
    .refine(
      (name) => !/^(?:default$|xn--|sthree-|amzn-s3-demo-)/.test(name),
      'is reserved: the name must not be "default", and must not start with xn--, sthree- or amzn-s3-demo-',
    ),
  schedules: z.array(z.unknown(), 'must be a list of schedules').default([]),
  retention: Retention.prefault({}),
  upload_strategy: z.enum(STRATEGIES, `must be one of: ${STRATEGIES.join(', ')}`).default('raise_error'),
  account_items: z.boolean('must be true or false').default(true),
  restore_from: z
    .array(archiveBucket, 'must be a list of buckets')
    .max(10, 'must contain at most 10 buckets')
    .refine(
      (buckets) => new Set(buckets.map(({ bucket }) => bucket)).size === buckets.length,
      'contains the same name twice',
    )
    .default([]),
  existing: Existing.prefault({}),
  resource_routes: z.boolean('must be true or false').default(true),
  encryption: z.enum(['kms', 's3'], 'must be "kms" or "s3"').default('s3'),
  archive_lock_days: z.exactOptional(days()),
  archive_lock: z.exactOptional(ArchiveLock),
  copy_archives_to: z.exactOptional(CopyTarget),
  alarm_email: z.exactOptional(z.email('must be an e-mail address')),
  max_concurrency: concurrency().default(DEFAULT_MAX_CONCURRENCY),
  reserved_concurrency: z.exactOptional(concurrency()),
  throttle: Throttle.prefault({}),
} satisfies SchemaOfEach<SettingsInput>)

/**
 * Thrown if the settings are not valid. The message lists each invalid setting, its value and the allowed values. It
 * also names the file that contains the settings, if they are in a file.
 */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[], file?: string) {
    const heading = `The settings of SpecStar Backup${file === undefined ? '' : ` in ${file}`} are not valid:`
    super([heading, ...faults.map((fault) => `  ${fault}`)].join('\n'))
    this.faults = faults
  }
}

/** Validates the settings and adds the defaults. Throws `SettingsError`. */
export const readSettings = (settings: unknown, models: ModelRegistry): Settings => {
  const parsed = SettingsShape.safeParse(settings ?? {}, { error: schemaMessage })
  if (!parsed.success) throw new SettingsError(parsed.error.issues.flatMap((issue) => faultsOf(issue, settings)))
  const { schedules: given, ...rest } = parsed.data
  if (rest.archive_lock !== undefined && rest.archive_lock_days !== undefined)
    throw new SettingsError(['archive_lock: cannot be set together with archive_lock_days; remove archive_lock_days'])
  const schedules = readSchedules(given, models, settings)
  const schedules_json = JSON.stringify(given)
  const bytes = Buffer.byteLength(JSON.stringify(schedules_json))
  if (bytes > MAX_SCHEDULES_BYTES)
    throw new SettingsError([
      `schedules: the schedules have ${bytes} bytes as JSON, but at most ${MAX_SCHEDULES_BYTES} bytes are allowed; ` +
        'remove schedules or shorten their values',
    ])
  const faults = [...existingFaults(rest), ...copyTargetFaults(rest)]
  if (faults.length > 0) throw new SettingsError(faults)
  return { ...rest, schedules, schedules_json }
}

/** The settings that name existing tables and buckets, and the settings that must agree with them. */
type StoreSettings = Pick<Settings, 'deployment' | 'existing' | 'retention'>

/** Returns what is wrong with the setting `existing`, together with other settings. */
const existingFaults = ({ deployment, existing, retention }: StoreSettings): string[] => {
  const jobTable = `${deployment}-jobs`
  const otherPurpose = 'must not be a bucket that the deployment uses for another purpose'
  const isOwn = ownBucketOf(deployment)
  return [
    ...(existing.resource_table === jobTable
      ? [`existing.resource_table: must not be ${jobTable}, the job table of the deployment`]
      : []),
    ...(isOwn(existing.blob_bucket, ['archives', 'restores', 'work']) ? [`existing.blob_bucket: ${otherPurpose}`] : []),
    ...(isOwn(existing.restore_bucket, ['archives', 'blobs', 'work'])
      ? [`existing.restore_bucket: ${otherPurpose}`]
      : []),
    ...(existing.restore_bucket !== undefined && existing.restore_bucket === existing.blob_bucket
      ? ['existing.restore_bucket: must not be the same bucket as existing.blob_bucket']
      : []),
    ...(existing.restore_bucket !== undefined && retention.uploads_days !== undefined
      ? [
          'retention.uploads_days: cannot be combined with existing.restore_bucket, ' +
            'because it would delete all old objects of that bucket; let a lifecycle rule of the bucket delete them',
        ]
      : []),
  ]
}

/** Returns a function that checks whether a bucket has the name that the deployment gives to one of its own buckets. */
const ownBucketOf =
  (deployment: string) =>
  (bucket: string | undefined, purposes: readonly string[]): boolean =>
    bucket !== undefined && purposes.some((purpose) => new RegExp(`^${deployment}-${purpose}-\\d{12}-`).test(bucket))

/** Throws `SettingsError` unless `settings` are valid settings. */
export function assertSettings(settings: unknown, models: ModelRegistry): asserts settings is SettingsInput {
  readSettings(settings, models)
}

/** Returns the days for which the objects of each group are kept. Groups without days are absent. */
export const objectRetention = ({
  retention: { exports_days, slots_days, uploads_days, reports_days },
}: Pick<Settings, 'retention'>): ObjectRetention => ({
  ...(exports_days === undefined ? {} : { exports: exports_days }),
  ...(slots_days === undefined ? {} : { slots: slots_days }),
  ...(uploads_days === undefined ? {} : { uploads: uploads_days }),
  ...(reports_days === undefined ? {} : { reports: reports_days }),
})

const readSchedules = (given: readonly unknown[], models: ModelRegistry, settings: unknown): readonly Schedule[] => {
  const parsed = SchedulesShape.safeParse(given, { error: schemaMessage })
  if (!parsed.success)
    throw new SettingsError(
      parsed.error.issues.flatMap((issue) => faultsOf({ ...issue, path: ['schedules', ...issue.path] }, settings)),
    )
  const faults = parsed.data.flatMap((schedule, index) => {
    const fault = validateSchedule(schedule, models)
    return fault === undefined ? [] : [`schedules.${index} (${schedule.name}): ${fault}`]
  })
  if (faults.length > 0) throw new SettingsError(faults)
  return parsed.data
}

/** Describes an issue in one line per setting: the setting, its value, and the allowed values. */
const faultsOf = (issue: z.core.$ZodIssue, settings: unknown): string[] => {
  const name = nameOf(issue.path)
  if (issue.code === 'unrecognized_keys') {
    const existing = settingsAt(issue.path).join(', ')
    return issue.keys.map(
      (key) => `${nameOf([...issue.path, key])}: there is no such setting; settings of ${name}: ${existing}`,
    )
  }
  const value = valueAt(settings, issue.path)
  if (value !== undefined) return [`${name}: ${JSON.stringify(value)} ${issue.message}`]
  return [issue.message.startsWith('must') ? `${name}: is missing; it ${issue.message}` : `${name}: ${issue.message}`]
}

const nameOf = (path: readonly PropertyKey[]): string => (path.length === 0 ? 'specstar' : path.map(String).join('.'))

/** Returns the names of the settings that the setting at `path` can contain. */
const settingsAt = ([setting, ...rest]: readonly PropertyKey[]): readonly string[] => {
  if (setting === undefined) return Object.keys(SettingsShape.shape)
  if (rest.length > 0) return SCHEDULE_MEMBERS
  return Object.keys(GROUPS.get(setting)?.shape ?? {})
}

const valueAt = (settings: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    settings,
  )
