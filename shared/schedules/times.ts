import { Cron } from 'croner'
import { errorMessage } from '../values/error-message.ts'
import { MAX_SET_BACK_MS, wallClock } from './wall-clock.ts'

/** When a schedule is due, in the notation of EventBridge Scheduler: six cron fields, or `N minutes|hours|days`. */
export type Timing = { readonly cron: string; readonly timezone?: string } | { readonly rate: string }

/** The times at which a schedule is due. */
export interface Times {
  /** The next time after `after`. Undefined if there is none. */
  readonly next: (after: Date) => Date | undefined
  /** At most `count` times before `before`, newest first. */
  readonly last: (before: Date, count: number) => Date[]
  /**
   * Returns the latest instant at which a schedule can run for a time at which it is due. It differs from that time if
   * the clock of the time zone is set back and shows the time twice.
   */
  readonly latest: (due: Date) => Date
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }
const RATE = /^([1-9]\d{0,4}) (minute|hour|day)(s?)$/

/**
 * Returns the times at which a schedule is due. Throws `RangeError` if the expression is invalid. The message says what
 * is allowed, and can follow `cron: ` or `rate: `.
 */
export const timesOf = (timing: Timing): Times =>
  'cron' in timing ? cronTimes(timing.cron, timing.timezone ?? 'UTC') : rateTimes(periodOf(timing.rate))

/**
 * The times of a cron expression in a time zone, as EventBridge Scheduler computes them: a time that does not exist,
 * because the clock is set forward, is skipped. A time that occurs twice, because the clock is set back, counts only
 * once: here, at its first occurrence. The cron library computes with wall-clock times, as if they were times in UTC.
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
      // After the clock was set back, it shows an earlier time than some of the times that are over.
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

/** Matches one element of a list in a field: a value, a range or a step. */
const list = (value: string): string => `(?:\\*(?:/\\d+)?|${value}(?:[-/]${value})?)`
const field = (value: string, ...more: readonly string[]): RegExp =>
  new RegExp(`^(?:${[`${list(value)}(?:,${list(value)})*`, ...more].join('|')})$`, 'i')
const DAY = '(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)'
/**
 * The grammar of EventBridge Scheduler. The cron library also accepts other expressions, and a deployment with one of
 * them would fail.
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
    throw new RangeError(`must have ? in exactly one of day-of-month and day-of-week; fields: ${FIELDS}`)
  try {
    // As in EventBridge, 1 is Sunday.
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

/** Returns whether a text is the name of a time zone. Offsets are not, because EventBridge Scheduler rejects them. */
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

/** Here periods are counted from 1970. On AWS they are counted from the creation of the schedule. */
const rateTimes = (period: number): Times => ({
  next: (after) => new Date((Math.floor(after.getTime() / period) + 1) * period),
  last: (before, count) => {
    const last = Math.ceil(before.getTime() / period) - 1
    return Array.from({ length: count }, (_, k) => new Date((last - k) * period))
  },
  latest: (due) => due,
})
