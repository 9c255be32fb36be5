import { must } from './must.ts'

/**
 * Times as SpecStar writes and reads them: what Python's `datetime.fromisoformat` (3.11) takes, to the letter. Extended, basic and
 * week forms, any one character between date and time, offset or none. Here an instant is text in UTC with microseconds, so
 * that instants compare as text.
 */

const DAY_MS = 86_400_000
const DAY_SECONDS = 86_400

/** A time that was read: the instant, and the microseconds of its offset where it has one. */
export interface ReadTime {
  readonly instant: string
  readonly offset?: number
}

/** An instant as `2026-01-05T08:30:00.000000Z`; a time without a zone counts as UTC. Undefined where the text is no time. */
export const instantOf = (text: string): string | undefined => {
  // Most stored times are written in UTC already; only they need no calendar.
  if (text.length === 27 && CANONICAL.test(text)) return text
  return readTime(text)?.instant
}
const CANONICAL = /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/

/** As `instantOf`, but a time without an offset is none. */
export const zonedInstantOf = (text: string): string | undefined => {
  const time = readTime(text)
  return time?.offset === undefined ? undefined : time.instant
}

const FIRST = '0001-01-01T00:00:00.000000Z'
const LAST = '9999-12-31T23:59:59.999999Z'

/** The bound of a window: a time with an offset. One that its offset takes out of the calendar is the first or last instant. */
export const boundOf = (text: string): string | undefined => {
  const moment = momentIn(text)
  if (moment?.offset === undefined) return undefined
  return readTime(text)?.instant ?? (moment.offset > 0 ? FIRST : LAST)
}

/** Reads a time. Undefined where the text is none, or its instant is out of the years 1 to 9999. */
export const readTime = (text: string): ReadTime | undefined => {
  const moment = momentIn(text)
  return moment === undefined ? undefined : timeAt(moment)
}

/** What a text says: a day's beginning in milliseconds, and what the clock on the wall adds to it. */
interface Moment {
  readonly day: number
  readonly seconds: number
  readonly micros: number
  readonly offset?: number
}

const momentIn = (text: string): Moment | undefined => {
  // The forms know nothing but ASCII.
  if (text.length < 7 || text.includes('\0') || !/^\p{ASCII}+$/u.test(text)) return undefined
  const dateEnd = separatorOf(text)
  const day = dayOf(text.slice(0, dateEnd))
  if (day === undefined) return undefined
  if (dateEnd === text.length) return { day, seconds: 0, micros: 0 }

  const clockText = text.slice(dateEnd + 1)
  const zoneAt = clockText.search(/[-+Z]/)
  const clock = clockOf(zoneAt === -1 ? clockText : clockText.slice(0, zoneAt))
  if (clock === undefined || clock.hours > 23 || clock.minutes > 59 || clock.seconds > 59) return undefined
  const wall = { day, seconds: secondsOf(clock), micros: clock.micros }
  if (zoneAt === -1) return clock.ended ? wall : undefined
  const offset = offsetOf(clockText.slice(zoneAt))
  return offset === undefined ? undefined : { ...wall, offset }
}

/** Where the date ends. A week's day may be left out, so that what follows has a say. */
const separatorOf = (text: string): number => {
  if (text[4] === '-') {
    if (text[5] !== 'W') return 10
    if (text[8] !== '-') return 8
    return isDigit(text[10]) ? 8 : 10
  }
  if (text[4] !== 'W') return 8
  let end = 7
  while (isDigit(text[end])) end += 1
  if (end < 9) return end
  return end % 2 === 0 ? 7 : 8
}

const isDigit = (character: string | undefined): boolean =>
  character !== undefined && character >= '0' && character <= '9'

const DATE = /^(\d{4})-(\d\d)-(\d\d)$|^(\d{4})(\d\d)(\d\d)$/
const WEEK = /^(\d{4})-W(\d\d)(?:-([1-7]))?$|^(\d{4})W(\d\d)([1-7])?$/

/** Milliseconds of a day's beginning, UTC. */
const dayOf = (text: string): number | undefined => {
  const date = DATE.exec(text)
  if (date !== null)
    return calendarDay(Number(date[1] ?? date[4]), Number(date[2] ?? date[5]), Number(date[3] ?? date[6]))
  const week = WEEK.exec(text)
  if (week === null) return undefined
  return weekDay(Number(week[1] ?? week[4]), Number(week[2] ?? week[5]), Number(week[3] ?? week[6] ?? 1))
}

interface Clock {
  readonly hours: number
  readonly minutes: number
  readonly seconds: number
  readonly micros: number
  /** Nothing is left behind it. Before an offset, Python passes over one character that is. */
  readonly ended: boolean
}

/** `HH[:MM[:SS[.ffffff]]]`, or the same without colons; also with the fraction's point or a colon too many, as Python has it. */
const clockOf = (text: string): Clock | undefined => {
  const parts: [number, number, number] = [0, 0, 0]
  let at = 0
  let colons = true
  const clock = (micros: number, ended: boolean): Clock => {
    const [hours, minutes, seconds] = parts
    return { hours, minutes, seconds, micros, ended }
  }
  for (let k = 0; k < 3; k++) {
    if (!isDigit(text[at]) || !isDigit(text[at + 1])) return undefined
    parts[k] = Number(text.slice(at, at + 2))
    const next = text[at + 2]
    at += 3
    if (k === 0) colons = next === ':'
    if (at >= text.length) return clock(0, next === undefined)
    if (next === '.' || next === ',') break
    if (!colons) at -= 1
    else if (next !== ':') return undefined
  }
  const digits = text.slice(at, at + 6)
  if (!/^\d+$/.test(digits)) return undefined
  return clock(Number(digits.padEnd(6, '0')), /^\d*$/.test(text.slice(at)))
}

/** Microseconds east of UTC. */
const offsetOf = (text: string): number | undefined => {
  if (text.startsWith('Z')) return text === 'Z' ? 0 : undefined
  const clock = clockOf(text.slice(1))
  if (clock?.ended !== true) return undefined
  // An offset under a second is none, says Python.
  const micros = secondsOf(clock) === 0 ? 0 : secondsOf(clock) * 1e6 + clock.micros
  if (micros >= DAY_SECONDS * 1e6) return undefined
  return text.startsWith('-') ? -micros : micros
}

const secondsOf = ({ hours, minutes, seconds }: Clock): number => hours * 3600 + minutes * 60 + seconds

const timeAt = ({ day, seconds, micros, offset }: Moment): ReadTime | undefined => {
  const rest = micros - (offset ?? 0)
  const carry = Math.floor(rest / 1e6)
  const date = new Date(day + (seconds + carry) * 1000)
  const year = date.getUTCFullYear()
  if (year < 1 || year > 9999) return undefined
  const fraction = (rest - carry * 1e6).toString().padStart(6, '0')
  return {
    instant: `${date.toISOString().slice(0, 19)}.${fraction}Z`,
    ...(offset === undefined ? {} : { offset }),
  }
}

const calendarDay = (year: number, month: number, day: number): number | undefined => {
  if (year < 1) return undefined
  // Date.UTC would read the years 0–99 as 1900–1999.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined
}

/** ISO weeks: the first has the year's fourth of January in it. */
const weekDay = (year: number, week: number, weekday: number): number | undefined => {
  const fourth = calendarDay(year, 1, 4)
  if (fourth === undefined) return undefined
  const next = must(calendarDay(year + 1, 1, 4))
  const monday = (of: number): number => of - ((new Date(of).getUTCDay() + 6) % 7) * DAY_MS
  const first = monday(fourth) + (week - 1) * 7 * DAY_MS
  if (week < 1 || first >= monday(next)) return undefined
  const day = first + (weekday - 1) * DAY_MS
  // The last week of the year 9999 ends after it.
  return day > LAST_DAY ? undefined : day
}
const LAST_DAY = Date.UTC(9999, 11, 31)
