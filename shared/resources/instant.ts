/**
 * Times as SpecStar writes and reads them (Python's `fromisoformat`): extended, basic and week forms, `T` or one space between
 * date and time, offset or none. Here an instant is text in UTC with microseconds, so that instants compare as text.
 */
const DATE = /^(\d{4})(?:-(\d\d)-(\d\d)|(\d\d)(\d\d)|-?W(\d\d)-?([1-7]))/
const TIME = /^(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?(Z|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.\d+)?)?)?)?$/

const DAY_MS = 86_400_000

/** A time that was read: the instant, and the seconds of its offset where it has one. */
export interface ReadTime {
  readonly instant: string
  readonly offsetSeconds?: number
}

/** An instant as `2026-01-05T08:30:00.000000Z`; a time without a zone counts as UTC. Undefined where the text is no time. */
export const instantOf = (text: string): string | undefined => {
  // Most stored times are written in UTC already; only they need no calendar.
  if (text.length === 27 && CANONICAL.test(text)) return text
  return readTime(text)?.instant
}
const CANONICAL = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/

/** As `instantOf`, but a time without an offset is none. */
export const zonedInstantOf = (text: string): string | undefined => {
  const time = readTime(text)
  return time?.offsetSeconds === undefined ? undefined : time.instant
}

/** Reads a time. Undefined where the text is none. */
export const readTime = (text: string): ReadTime | undefined => {
  const date = DATE.exec(text)
  if (date === null) return undefined
  const day = dayOf(date)
  if (day === undefined) return undefined
  const rest = text.slice(date[0].length)
  if (rest === '') return instant(day, 0, '', undefined)
  if (rest[0] !== 'T' && rest[0] !== ' ') return undefined
  const time = TIME.exec(rest.slice(1))
  if (time === null) return undefined
  const [
    ,
    hours = '',
    minutes = '0',
    seconds = '0',
    fraction = '',
    zone,
    sign,
    atHours = '0',
    atMinutes = '0',
    atSeconds = '0',
  ] = time
  const clock = secondsOf(hours, minutes, seconds)
  const offset = secondsOf(atHours, atMinutes, atSeconds)
  if (clock === undefined || offset === undefined) return undefined
  return instant(day, clock, fraction, zone === undefined ? undefined : sign === '-' ? -offset : offset)
}

const instant = (
  dayMs: number,
  clockSeconds: number,
  fraction: string,
  offsetSeconds: number | undefined,
): ReadTime | undefined => {
  const date = new Date(dayMs + (clockSeconds - (offsetSeconds ?? 0)) * 1000)
  const year = date.getUTCFullYear()
  if (year < 1 || year > 9999) return undefined
  return {
    instant: `${date.toISOString().slice(0, 19)}.${fraction.slice(0, 6).padEnd(6, '0')}Z`,
    ...(offsetSeconds === undefined ? {} : { offsetSeconds }),
  }
}

/** Milliseconds of a day's beginning, UTC. */
const dayOf = ([, year = '', month, day, basicMonth, basicDay, week, weekday]: RegExpExecArray): number | undefined => {
  if (Number(year) < 1) return undefined
  if (week !== undefined) return weekDay(Number(year), Number(week), Number(weekday))
  return calendarDay(Number(year), Number(month ?? basicMonth), Number(day ?? basicDay))
}

const calendarDay = (year: number, month: number, day: number): number | undefined => {
  // Date.UTC would read the years 0–99 as 1900–1999.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined
}

/** ISO weeks: the first has the year's fourth of January in it. */
const weekDay = (year: number, week: number, weekday: number): number | undefined => {
  const fourth = calendarDay(year, 1, 4)
  const next = calendarDay(year + 1, 1, 4)
  if (fourth === undefined || next === undefined) return undefined
  const monday = (of: number): number => of - ((new Date(of).getUTCDay() + 6) % 7) * DAY_MS
  const first = monday(fourth) + (week - 1) * 7 * DAY_MS
  return week < 1 || first >= monday(next) ? undefined : first + (weekday - 1) * DAY_MS
}

const secondsOf = (hours: string, minutes: string, seconds: string): number | undefined => {
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)]
  return h > 23 || m > 59 || s > 59 ? undefined : h * 3600 + m * 60 + s
}
