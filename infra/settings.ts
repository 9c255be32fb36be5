import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { z } from 'zod'
import { STRATEGIES, type Strategy } from '../shared/jobs/job.ts'
import type { ModelRegistry } from '../shared/resources/models.ts'
import { SCHEDULE_MEMBERS, type Schedule, SchedulesShape, whyOfNoUse } from '../shared/schedules/schedule.ts'

/** What a platform team sets in `cdk.json`, under the context `specstar`. */
export interface Settings {
  /** Names the deployment: in stacks, functions, manifests and events. */
  readonly deployment: string
  /** As the functions read them again. */
  readonly schedules: readonly Schedule[]
  readonly schedules_json: string
  readonly retention: {
    /** Old versions of archives and uploads, in days. */
    readonly old_versions_days: number
    readonly log_days: RetentionDays
  }
  /** What an upload does with duplicates whose key names no strategy. */
  readonly upload_strategy: Strategy
  /** Buckets beside the deployment's own that an import may name. */
  readonly restore_from: readonly string[]
  /** Whether `/{model}/export` and `/{model}/import` are there: they take every path of two segments that end so. */
  readonly resource_routes: boolean
  /** `kms`: keys of the deployment's own; `s3`: those that AWS manages. */
  readonly encryption: 'kms' | 's3'
  /** Days for which nobody can delete an archive; absent: archives are not locked. */
  readonly archive_lock_days?: number
  readonly alarm_email?: string
  readonly throttle: { readonly rate: number; readonly burst: number }
}

/** What CloudWatch Logs keeps: other numbers of days it refuses. Forever is not among them. */
const LOG_DAYS = Object.values(RetentionDays).filter(
  (days) => typeof days === 'number' && days !== RetentionDays.INFINITE,
)
/** As a text in JSON: the environment of a function holds 4 KB in all, measured so, and the rest takes up to 1,700. */
const MAX_SCHEDULES_BYTES = 2_300

const bucketName = z
  .string()
  .regex(
    /^(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'must be the name of a bucket: 3 to 63 of a-z 0-9 . -',
  )

const days = () => z.int('must be a number of days').min(1, 'must be 1 at least').max(36_500, 'must be 36500 at most')

const DEPLOYMENT = 'must be a letter, then up to 23 of a-z 0-9 -'

const Retention = z.strictObject({
  old_versions_days: days().default(90),
  log_days: z
    .custom<RetentionDays>((days) => LOG_DAYS.some((one) => one === days), `must be one of ${LOG_DAYS.join(', ')}`)
    .default(RetentionDays.THREE_MONTHS),
})
const Throttle = z.strictObject({
  rate: z.number('must be a number').min(1, 'must be 1 at least').max(10_000, 'must be 10000 at most').default(20),
  burst: z.int('must be a whole number').min(1, 'must be 1 at least').max(5_000, 'must be 5000 at most').default(40),
})

const SettingsShape = z.strictObject({
  deployment: z
    .string(DEPLOYMENT)
    .regex(/^[a-z][a-z0-9-]{0,23}$/, DEPLOYMENT)
    .refine(
      (name) => !/^(?:default$|xn--|sthree-|amzn-s3-demo-)/.test(name),
      'is a name, or begins as one, that AWS itself uses',
    ),
  schedules: z.array(z.unknown(), 'must be a list of schedules').default([]),
  retention: Retention.prefault({}),
  upload_strategy: z.enum(STRATEGIES, `must be one of: ${STRATEGIES.join(', ')}`).default('raise_error'),
  restore_from: z
    .array(bucketName, 'must be a list of buckets')
    .max(10, 'must be 10 at most')
    .refine((names) => new Set(names).size === names.length, 'names a bucket twice')
    .default([]),
  resource_routes: z.boolean('must be true or false').default(true),
  encryption: z.enum(['kms', 's3'], 'must be kms or s3').default('s3'),
  archive_lock_days: z.exactOptional(days()),
  alarm_email: z.exactOptional(z.email('must be an e-mail address')),
  throttle: Throttle.prefault({}),
})

/** A setting is wrong. The message names each one, its value and what is allowed. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'

  constructor(faults: readonly string[]) {
    super(['cdk.json, context "specstar":', ...faults.map((fault) => `  ${fault}`)].join('\n'))
  }
}

/** Reads the settings. Throws `SettingsError`. */
export const readSettings = (given: unknown, models: ModelRegistry): Settings => {
  const parsed = SettingsShape.safeParse(given ?? {})
  if (!parsed.success) throw new SettingsError(parsed.error.issues.map((issue) => faultOf(issue, given)))
  const { schedules: written, ...rest } = parsed.data
  const schedules = SchedulesShape.safeParse(written)
  if (!schedules.success)
    throw new SettingsError(
      schedules.error.issues.map((issue) => faultOf({ ...issue, path: ['schedules', ...issue.path] }, given)),
    )
  const refused = schedules.data.flatMap((schedule, k) => {
    const why = whyOfNoUse(schedule, models)
    return why === undefined ? [] : [`schedules.${k} (${schedule.name}): ${why}`]
  })
  if (refused.length > 0) throw new SettingsError(refused)
  const schedules_json = JSON.stringify(written)
  const bytes = Buffer.byteLength(JSON.stringify(schedules_json))
  if (bytes > MAX_SCHEDULES_BYTES)
    throw new SettingsError([`schedules: take ${bytes} bytes together; ${MAX_SCHEDULES_BYTES} are allowed`])
  return { ...rest, schedules: schedules.data, schedules_json }
}

const faultOf = (issue: z.core.$ZodIssue, given: unknown): string => {
  const field = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const at = field === '' ? '' : `${field}.`
    return issue.keys
      .map(
        (key) =>
          `${at}${key}: ${JSON.stringify(valueAt(given, [...issue.path, key]))} is no setting; settings: ${allowedAt(issue.path).join(', ')}`,
      )
      .join('\n  ')
  }
  const value = valueAt(given, issue.path)
  return `${field === '' ? 'specstar' : field}: ${value === undefined ? 'nothing' : JSON.stringify(value)} ${issue.message}`
}

const allowedAt = ([member, ...more]: readonly PropertyKey[]): readonly string[] => {
  if (member === undefined) return Object.keys(SettingsShape.shape)
  if (more.length > 0) return SCHEDULE_MEMBERS
  return Object.keys(member === 'retention' ? Retention.shape : Throttle.shape)
}

const valueAt = (given: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    given,
  )
