import { Cron } from 'croner'
import { errorMessage } from '../values/error-message.ts'

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

/** A list of values, ranges and steps of one kind of value. */
const list = (value: string): string => `(?:\\*(?:/\\d+)?|${value}(?:[-/]${value})?)`
const field = (value: string, ...more: readonly string[]): RegExp =>
  new RegExp(`^(?:${[`${list(value)}(?:,${list(value)})*`, ...more].join('|')})$`, 'i')
const DAY = '(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)'
/** EventBridge Scheduler's grammar, field by field: what the library takes beyond it would fail when it is deployed. */
const GRAMMAR: readonly (readonly [name: string, form: RegExp])[] = [
  ['minutes', field('\\d{1,2}')],
  ['hours', field('\\d{1,2}')],
  ['day-of-month', field('\\d{1,2}', '\\?', 'L', 'LW', '\\d{1,2}W')],
  ['month', field('(?:\\d{1,2}|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)')],
  ['day-of-week', field(DAY, '\\?', `${DAY}L`, `${DAY}#[1-5]`)],
  ['year', field('(?:19[7-9]\\d|20\\d\\d|21\\d\\d)')],
]

const readCron = (text: string, timezone: string): Cron => {
  const fields = text.split(' ')
  if (fields.length !== GRAMMAR.length) throw new RangeError(`must have six fields: ${FIELDS}`)
  const wrong = GRAMMAR.find(([, form], k) => !form.test(fields[k] ?? ''))
  if (wrong !== undefined) throw new RangeError(`has ${wrong[0]} that EventBridge does not take; fields: ${FIELDS}`)
  if ((fields[2] === '?') === (fields[4] === '?')) throw new RangeError(`one of the two days must be ?: ${FIELDS}`)
  try {
    // Its weekdays are Quartz's: 1 is Sunday.
    const options = { mode: '7-part', alternativeWeekdays: true, sloppyRanges: true, paused: true, timezone } as const
    return new Cron(`0 ${text}`, options)
  } catch (error) {
    throw new RangeError(`cannot be read (${errorMessage(error)}); fields: ${FIELDS}`, { cause: error })
  }
}

/** Whether it is a time zone by a name. Offsets are none: EventBridge takes no other. */
export const isTimeZone = (text: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text }).format()
    return /^[A-Za-z]/.test(text)
  } catch {
    return false
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
