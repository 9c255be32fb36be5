import { Cron } from 'croner'

/** When a schedule runs, as EventBridge Scheduler reads it: its six fields of cron, or `N minutes|hours|days`. */
export type Timing = { readonly cron: string; readonly timezone?: string } | { readonly rate: string }

/** The times at which a schedule is due. */
export interface Times {
  /** The next time after this one; undefined where there is none any more. */
  readonly next: (after: Date) => Date | undefined
  /** The last times before this one, newest first. */
  readonly last: (before: Date, count: number) => Date[]
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }
const RATE = /^([1-9]\d{0,4}) (minute|hour|day)(s?)$/

/** Reads a timing. Throws `RangeError` saying what is allowed. */
export const timesOf = (timing: Timing): Times =>
  'cron' in timing ? cronTimes(timing.cron, timing.timezone ?? 'UTC') : rateTimes(periodOf(timing.rate))

const cronTimes = (fields: string, timezone: string): Times => {
  const cron = readCron(fields, timezone)
  return {
    next: (after) => cron.nextRun(after) ?? undefined,
    last: (before, count) => cron.previousRuns(count, before),
  }
}

const FIELDS = 'minutes hours day-of-month month day-of-week year, as in 0 3 * * ? *'

const readCron = (fields: string, timezone: string): Cron => {
  const [, , day, , weekday] = fields.split(' ')
  if (fields.split(' ').length !== 6) throw new RangeError(`must have six fields: ${FIELDS}`)
  if ((day === '?') === (weekday === '?')) throw new RangeError(`one of the two days must be ?: ${FIELDS}`)
  try {
    // Throws for a zone that is none: the library would find out only when the time comes.
    new Intl.DateTimeFormat('en', { timeZone: timezone }).format()
    // Its weekdays are Quartz's: 1 is Sunday.
    const options = { mode: '7-part', alternativeWeekdays: true, sloppyRanges: true, paused: true, timezone } as const
    return new Cron(`0 ${fields}`, options)
  } catch (error) {
    const why = error instanceof Error ? error.message : ''
    throw new RangeError(`cannot be read (${why}); fields: ${FIELDS}`, { cause: error })
  }
}

/** The period of a rate, in ms. Throws `RangeError`. */
export const periodOf = (rate: string): number => {
  const [, count = '', unit = '', plural = ''] = RATE.exec(rate) ?? []
  if (count === '' || (count === '1') !== (plural === ''))
    throw new RangeError('must be a number and minutes, hours or days: 1 day, 12 hours')
  return Number(count) * (UNITS[unit] ?? 0)
}

/** Counted from 1970 here; AWS counts from when the schedule was made. */
const rateTimes = (period: number): Times => ({
  next: (after) => new Date((Math.floor(after.getTime() / period) + 1) * period),
  last: (before, count) => {
    const last = Math.ceil(before.getTime() / period) - 1
    return Array.from({ length: count }, (_, k) => new Date((last - k) * period))
  },
})
