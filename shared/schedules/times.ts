import { Cron } from 'croner'
import { errorMessage } from '../values/error-message.ts'
import { MAX_SET_BACK_MS, wallClock } from './wall-clock.ts'

/**
 * The `cron` or `rate` setting of a schedule, in the notation of EventBridge Scheduler. `cron` has six fields, and
 * `rate` has the form `N minutes|hours|days`.
 */
export type Timing = { readonly cron: string; readonly timezone?: string } | { readonly rate: string }

/** The due times of a schedule, at which it starts exports. */
export interface Times {
  /** Returns the first due time after `after`, or `undefined` if no due time follows. */
  readonly next: (after: Date) => Date | undefined
  /** Returns the last `count` due times before `before`, newest first. Returns fewer times if fewer exist. */
  readonly last: (before: Date, count: number) => Date[]
  /**
   * Returns the latest instant at which the schedule may start the export of the due time `due`. Normally this is
   * `due`. If the clock of the time zone is set back and shows the time of `due` a second time, the schedule may start
   * the export then instead. In this case, the second instant is returned.
   */
  readonly latest: (due: Date) => Date
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }
const RATE = /^([1-9]\d{0,4}) (minute|hour|day)(s?)$/

/**
 * Returns the due times of a schedule. Throws `RangeError` if the expression is invalid. The message states what is
 * allowed. It has no subject, because the caller puts `cron` or `rate` before it.
 */
export const timesOf = (timing: Timing): Times =>
  'cron' in timing ? cronTimes(timing.cron, timing.timezone ?? 'UTC') : rateTimes(periodOf(timing.rate))

/**
 * Returns the due times of a cron expression in a time zone, as EventBridge Scheduler computes them. If the clock is
 * set forward, the skipped times are not due times. If the clock is set back and therefore shows a time twice, only the
 * first instant is a due time. The cron library receives and returns wall-clock times. Each is a `Date` whose date and
 * time in UTC are the wall-clock date and time.
 */
const cronTimes = (fields: string, timezone: string): Times => {
  const cron = readCron(fields)
  const clock = wallClock(timezone)
  return {
    next: (after) => {
      let wallTime = cron.nextRun(new Date(clock.at(after)))
      for (; wallTime !== null; wallTime = cron.nextRun(wallTime)) {
        const [due] = clock.instantsOf(wallTime.getTime())
        if (due !== undefined && due > after) return due
      }
      return undefined
    },
    last: (before, count) => {
      const found: Date[] = []
      // If the clock was set back shortly before `before`, an earlier due time can have a later wall-clock time than
      // `before`. The search therefore begins at the wall-clock time of `before` plus the longest set-back.
      let [wallTime] = cron.previousRuns(1, new Date(clock.at(before) + MAX_SET_BACK_MS))
      for (; wallTime !== undefined && found.length < count; [wallTime] = cron.previousRuns(1, wallTime)) {
        const [due] = clock.instantsOf(wallTime.getTime())
        if (due !== undefined && due < before) found.push(due)
      }
      return found
    },
    latest: (due) => new Date(Math.max(...clock.instantsOf(clock.at(due)).map(Number))),
  }
}

const FIELDS = 'minutes hours day-of-month month day-of-week year, such as 0 3 * * ? *'

/**
 * Returns the pattern of one element of a field: `*`, a value, a range or a step. A field is a list of elements,
 * separated by commas.
 */
const element = (value: string): string => `(?:\\*(?:/\\d+)?|${value}(?:[-/]${value})?)`
const field = (value: string, ...more: readonly string[]): RegExp =>
  new RegExp(`^(?:${[`${element(value)}(?:,${element(value)})*`, ...more].join('|')})$`, 'i')
const DAY = '(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)'
/**
 * The grammar of EventBridge Scheduler. The cron library also accepts other expressions, but with such an expression, a
 * deployment would fail.
 */
const GRAMMAR: readonly (readonly [name: string, form: RegExp])[] = [
  ['minutes', field('\\d{1,2}')],
  ['hours', field('\\d{1,2}')],
  ['day-of-month', field('\\d{1,2}', '\\?', 'L', 'LW', '\\d{1,2}W')],
  ['month', field('(?:\\d{1,2}|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)')],
  ['day-of-week', field(DAY, '\\?', `${DAY}L`, `${DAY}#[1-5]`)],
  ['year', field('(?:19[7-9]\\d|20\\d\\d|21\\d\\d)')],
]

const readCron = (text: string): Cron => {
  const fields = text.split(' ')
  if (fields.length !== GRAMMAR.length) throw new RangeError(`must have six fields: ${FIELDS}`)
  const invalid = GRAMMAR.find(([, form], k) => !form.test(fields[k] ?? ''))
  if (invalid !== undefined)
    throw new RangeError(`has a ${invalid[0]} field that EventBridge Scheduler does not accept; fields: ${FIELDS}`)
  if ((fields[2] === '?') === (fields[4] === '?'))
    throw new RangeError(`must have \`?\` in exactly one of day-of-month and day-of-week; fields: ${FIELDS}`)
  try {
    // `alternativeWeekdays` numbers the days from 1 (Sunday) to 7, as EventBridge does.
    const options = {
      mode: '7-part',
      alternativeWeekdays: true,
      sloppyRanges: true,
      paused: true,
      timezone: 'UTC',
    } as const
    return new Cron(`0 ${text}`, options)
  } catch (error) {
    throw new RangeError(`is not valid (${errorMessage(error)}); fields: ${FIELDS}`, { cause: error })
  }
}

/**
 * Returns true if a string is the name of a time zone. Returns false for an offset such as `+02:00`, because
 * EventBridge Scheduler rejects offsets.
 */
export const isTimeZone = (text: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text }).format()
    return /^[A-Za-z]/.test(text)
  } catch {
    return false
  }
}

/** Returns the period of a rate, in ms. Throws `RangeError` if the rate is invalid. */
export const periodOf = (rate: string): number => {
  const [, count = '', unit = '', plural = ''] = RATE.exec(rate) ?? []
  if (count === '' || (count === '1') !== (plural === ''))
    throw new RangeError('must be a number of minutes, hours or days, such as 1 day or 12 hours')
  return Number(count) * (UNITS[unit] ?? 0)
}

/**
 * Returns the due times of a rate. Periods are counted from 1970. AWS counts them from the creation of the schedule,
 * but this time is unknown here.
 */
const rateTimes = (period: number): Times => ({
  next: (after) => new Date((Math.floor(after.getTime() / period) + 1) * period),
  last: (before, count) => {
    const last = Math.ceil(before.getTime() / period) - 1
    return Array.from({ length: count }, (_, k) => new Date((last - k) * period))
  },
  latest: (due) => due,
})
