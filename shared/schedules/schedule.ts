import * as z from 'zod'
import { exportRequest } from '../export/request.ts'
import { FilterError, FiltersExclusiveError } from '../filters/errors.ts'
import type { ExportRequest } from '../jobs/job-request.ts'
import { InvalidRequestError } from '../requests/errors.ts'
import { FILTER_SHAPE, filtersIn, withoutEmptyFilters } from '../requests/filter-parameters.ts'
import { parseParameters } from '../requests/parse-parameters.ts'
import { UnknownModelError } from '../resources/errors.ts'
import type { ModelRegistry } from '../resources/models.ts'
import { isTimeZone, type Times, type Timing, timesOf } from './times.ts'

/**
 * A schedule starts an export at each of its due times. Each archive is kept for at least `keep_days`. It is kept
 * longer if no newer good archive of the same or a wider scope exists.
 */
export interface Schedule {
  /** The name is part of the job ids and of the keys of the archives. */
  readonly name: string
  readonly timing: Timing
  /** By default, all registered models are exported. */
  readonly models?: readonly string[]
  /** Filter parameters as in the body of an export request. */
  readonly filters: Readonly<Record<string, unknown>>
  /**
   * If true, the export fails if a resource or blob cannot be exported. If false, the resource or blob is left out, and
   * the archive is not complete.
   */
  readonly strict: boolean
  readonly keep_days: number
  /**
   * A number from 0 to 1. An archive is suspicious if it contains less than this share of the resources, revisions or
   * blobs of an earlier archive. By default, `DEFAULT_MIN_RATIO` is used.
   */
  readonly min_ratio?: number
}

/** The default of `min_ratio`: an archive with less than half of an earlier count is suspicious. */
export const DEFAULT_MIN_RATIO = 0.5

const text = (pattern: RegExp, message: string) => z.string(message).regex(pattern, message)

const RATIO = 'must be a number from 0 to 1'

const ScheduleSetting = z.strictObject({
  // The job id contains the name and the due time. It is also the name of an execution of Step Functions, which may
  // have at most 80 characters.
  name: text(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/,
    'must be 1 to 40 letters, digits, - or _, and start with a letter or digit',
  ),
  cron: z.exactOptional(z.string()),
  rate: z.exactOptional(z.string()),
  timezone: z.exactOptional(z.string().refine(isTimeZone, 'must be the name of a time zone, such as Europe/Berlin')),
  models: z.exactOptional(z.array(z.string()).min(1, 'must contain at least one model')),
  filters: z.exactOptional(z.record(z.string(), z.unknown())),
  strict: z.boolean('must be true or false').default(false),
  keep_days: z.int('must be a number of days').min(1, 'must be at least 1').max(36_500, 'must be at most 36500'),
  min_ratio: z.exactOptional(z.number(RATIO).min(0, RATIO).max(1, RATIO)),
})

export const SCHEDULE_MEMBERS: readonly string[] = Object.keys(ScheduleSetting.shape)

const ScheduleShape = ScheduleSetting.transform(
  ({ name, models, filters = {}, strict, keep_days, min_ratio, ...timingMembers }, context): Schedule => {
    const timing = parseTiming(timingMembers)
    if ('message' in timing) {
      context.addIssue({ code: 'custom', message: timing.message, path: [timing.member] })
      return z.NEVER
    }
    return {
      name,
      timing,
      ...(models === undefined ? {} : { models }),
      filters,
      strict,
      keep_days,
      ...(min_ratio === undefined ? {} : { min_ratio }),
    }
  },
)

type TimingMembers = Pick<z.output<typeof ScheduleSetting>, 'cron' | 'rate' | 'timezone'>

interface TimingError {
  readonly member: keyof TimingMembers
  readonly message: string
}

const parseTiming = ({ cron, rate, timezone }: TimingMembers): Timing | TimingError => {
  if (cron !== undefined && rate !== undefined) return { member: 'cron', message: 'cannot be combined with rate' }
  if (cron !== undefined) return checkTiming('cron', { cron, ...(timezone === undefined ? {} : { timezone }) })
  if (rate === undefined) return { member: 'cron', message: 'must be set if there is no rate' }
  if (timezone === undefined) return checkTiming('rate', { rate })
  return { member: 'timezone', message: 'is only allowed with cron' }
}

const checkTiming = (member: 'cron' | 'rate', timing: Timing): Timing | TimingError => {
  try {
    timesOf(timing)
    return timing
  } catch (error) {
    if (error instanceof RangeError) return { member, message: error.message }
    throw error
  }
}

/** The setting `schedules` of a deployment. */
export const SchedulesShape = z
  .array(ScheduleShape)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'must have unique names')

/**
 * Returns the export request of a schedule for the due time `at`. Throws `InvalidRequestError`, `FilterError`,
 * `FiltersExclusiveError` or `UnknownModelError` if the schedule contains invalid filters or unknown models.
 */
export const scheduledRequest = (
  { name, models, filters, strict, min_ratio }: Schedule,
  at: Date,
  registry: ModelRegistry,
): ExportRequest => {
  const options = {
    ...(models === undefined ? {} : { models }),
    filters: filtersIn(parseParameters(FiltersShape, withoutEmptyFilters(filters))),
    strict,
    format: 'acbak',
  } as const
  return {
    ...exportRequest(options, registry),
    schedule: { name, at: at.toISOString(), ...(min_ratio === undefined ? {} : { min_ratio }) },
  }
}

const FiltersShape = z.strictObject(FILTER_SHAPE)

const REQUEST_ERRORS = [InvalidRequestError, FilterError, FiltersExclusiveError, UnknownModelError]

/**
 * If a schedule will never start an export, returns the reason: its request is invalid, or it has no due time in the
 * future. Otherwise, returns `undefined`.
 *
 * Schedules are checked only before a deployment and when the local program starts. A schedule that runs out of due
 * times later must not stop the other schedules.
 */
export const validateSchedule = (schedule: Schedule, registry: ModelRegistry): string | undefined => {
  const now = new Date()
  if (dueTimes(schedule).next(now) === undefined) return 'cron matches no time in the future'
  try {
    scheduledRequest(schedule, now, registry)
    return undefined
  } catch (error) {
    if (error instanceof Error && REQUEST_ERRORS.some((kind) => error instanceof kind)) return error.message
    throw error
  }
}

/** Returns the due times of a schedule. */
export const dueTimes = ({ timing }: Schedule): Times => timesOf(timing)

/** Returns the key under which the job store keeps the time of the first check of a schedule with its timing. */
export const firstCheckKey = ({ name, timing }: Pick<Schedule, 'name' | 'timing'>): string =>
  `schedule#${name}#${JSON.stringify(timing)}`

/** Returns the job id `s-{name}-{yyyymmddThhmmssZ}`, with the due time in UTC. */
export const scheduledJobId = (name: string, at: Date): string =>
  `s-${name}-${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`

/** Returns the due time in the id of a scheduled job, or `undefined` for other ids. */
export const dueTimeIn = (jobId: string): Date | undefined => {
  const [, year, month, day, hour, minute, second] = /^s-.+-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(jobId) ?? []
  if (year === undefined) return undefined
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(at.getTime()) ? undefined : at
}
