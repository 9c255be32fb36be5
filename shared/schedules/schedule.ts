import { z } from 'zod'
import { exportRequest } from '../export/request.ts'
import { FILTER_SHAPE, filtersIn, withoutEmptyFilters } from '../requests/filter-parameters.ts'
import { parseParameters } from '../requests/parse-parameters.ts'
import { InvalidRequestError } from '../requests/errors.ts'
import type { ExportRequest } from '../jobs/job.ts'
import { FilterError, FiltersExclusiveError } from '../filters/errors.ts'
import type { ModelRegistry } from '../resources/models.ts'
import { UnknownModelError } from '../resources/errors.ts'
import { isTimeZone, type Times, type Timing, timesOf } from './times.ts'

/** A backup that makes itself: one archive each time it is due, kept `keep_days` and at least until a newer one stands. */
export interface Schedule {
  /** A part of job ids and keys. */
  readonly name: string
  readonly timing: Timing
  /** Absent: all registered models. */
  readonly models?: readonly string[]
  /** As in the query of an export. */
  readonly filters: Readonly<Record<string, unknown>>
  readonly keep_days: number
}

const text = (pattern: RegExp, message: string) => z.string(message).regex(pattern, message)

const Written = z.strictObject({
  // With its time behind it, it is the name of an execution: 80 characters at most.
  name: text(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/, 'must be 1 to 40 letters, digits, - or _'),
  cron: z.exactOptional(z.string()),
  rate: z.exactOptional(z.string()),
  timezone: z.exactOptional(z.string().refine(isTimeZone, 'must be the name of a time zone, such as Europe/Berlin')),
  models: z.exactOptional(z.array(z.string()).min(1, 'must name at least one')),
  filters: z.exactOptional(z.record(z.string(), z.unknown())),
  keep_days: z.int('must be a number of days').min(1, 'must be 1 at least').max(36_500, 'must be 36500 at most'),
})

/** What a schedule may say. */
export const SCHEDULE_MEMBERS: readonly string[] = Object.keys(Written.shape)

const ScheduleShape = Written.transform(
  ({ name, cron, rate, timezone, models, filters = {}, keep_days }, context): Schedule => {
    const timing = timingOf({ cron, rate, timezone })
    const wrong = typeof timing === 'string' ? timing : whyNoTimes(timing)
    if (wrong !== undefined || typeof timing === 'string') {
      context.addIssue({ code: 'custom', message: wrong ?? '', path: [cron === undefined ? 'rate' : 'cron'] })
      return z.NEVER
    }
    return { name, timing, ...(models === undefined ? {} : { models }), filters, keep_days }
  },
)

interface Given {
  readonly cron: string | undefined
  readonly rate: string | undefined
  readonly timezone: string | undefined
}

const timingOf = ({ cron, rate, timezone }: Given): Timing | string => {
  if ((cron === undefined) === (rate === undefined)) return 'give either cron or rate'
  if (rate === undefined) return { cron: cron ?? '', ...(timezone === undefined ? {} : { timezone }) }
  return timezone === undefined ? { rate } : 'timezone goes with cron: a rate has no hours of the day'
}

const whyNoTimes = (timing: Timing): string | undefined => {
  try {
    timesOf(timing)
    return undefined
  } catch (error) {
    if (error instanceof RangeError) return error.message
    throw error
  }
}

/** The schedules of a deployment, as its settings write them: names are unique. */
export const SchedulesShape = z
  .array(ScheduleShape)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'two schedules have one name')

/** What a schedule asks an export for. Throws `InvalidRequestError`, `FilterError` or `UnknownModelError`. */
export const scheduledRequest = (
  { name, models, filters }: Schedule,
  at: Date,
  registry: ModelRegistry,
): ExportRequest => {
  const asked = filtersIn(parseParameters(FiltersShape, withoutEmptyFilters(filters)))
  const options = { strict: true, format: 'acbak' } as const
  const scope = models === undefined ? {} : { models }
  return {
    ...exportRequest({ ...scope, filters: asked, ...options }, registry),
    schedule: { name, at: at.toISOString() },
  }
}

const FiltersShape = z.strictObject(FILTER_SHAPE)

/**
 * Why a schedule is of no use: what it asks for is refused, or it is never due again. Undefined where it is of use. For those who
 * write schedules: one whose last time has come must not stop the others.
 */
export const whyOfNoUse = (schedule: Schedule, registry: ModelRegistry): string | undefined => {
  if (dueTimes(schedule).next(new Date()) === undefined) return 'it is never due again'
  try {
    scheduledRequest(schedule, new Date(), registry)
    return undefined
  } catch (error) {
    const isOfTheirs = [InvalidRequestError, FilterError, FiltersExclusiveError, UnknownModelError].some(
      (kind) => error instanceof kind,
    )
    if (error instanceof Error && isOfTheirs) return error.message
    throw error
  }
}

export const dueTimes = ({ timing }: Schedule): Times => timesOf(timing)
