import { must } from './must.ts'
import { DAY_MS } from './durations.ts'

/*
 * Parses times like SpecStar. Accepts exactly the strings that `datetime.fromisoformat` of Python 3.11 accepts. These
 * are the extended, basic and week forms of ISO 8601, with any ASCII character between date and time, and with or
 * without an offset.
 *
 * An instant is a string in UTC with microseconds, such as `2026-01-05T08:30:00.000000Z`. If instants are sorted as
 * strings, they are sorted by time.
 */

const DAY_SECONDS = 86_400

/** A parsed time. */
export interface ReadTime {
  readonly instant: string
  /** The offset from UTC in microseconds, positive east of Greenwich. Absent if the string has no offset. */
  readonly offset?: number
}

/**
 * Returns the instant of a time. A time without an offset counts as UTC. Returns undefined if the string is not a time.
 */
export const instantOf = (text: string): string | undefined => {
  // Nearly all stored times have this form, and need not be parsed.
  if (COMMON.test(text))
    return `${text.slice(0, SECONDS_END)}${text[SECONDS_END] === '.' ? text.slice(SECONDS_END, MICROS_END) : '.000000'}Z`
  return readTime(text)?.instant
}

/**
 * A date and a time with seconds or microseconds. The pattern excludes 29 February, which not every year has, and the
 * days 30 and 31 of months that may not have them.
 */
const DATE_AND_TIME =
  /\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{6})?/
    .source
/** Times in UTC. */
const COMMON = new RegExp(`^(?!0000)${DATE_AND_TIME}(?:Z|\\+00:00)$`)
/**
 * Times with any offset. The first and the last year are excluded, because some of their times have no instant in UTC.
 */
const COMMON_WITH_OFFSET = new RegExp(`^(?!000[01]|9999)${DATE_AND_TIME}(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)$`)
/** The lengths of a time until the end of its seconds and of its microseconds. */
const SECONDS_END = 19
const MICROS_END = 26

/** Returns true if `instantOf` returns an instant. It is faster for times with an offset. */
export const isTime = (text: string): boolean => COMMON_WITH_OFFSET.test(text) || instantOf(text) !== undefined

/**
 * Returns true if a time is later than another one. Returns false if one of the strings is not a time. Is fast if both
 * have the same offset.
 */
export const isLater = (text: string, other: string): boolean => {
  if (
    text.length === other.length &&
    offsetTextOf(text) === offsetTextOf(other) &&
    COMMON_WITH_OFFSET.test(text) &&
    COMMON_WITH_OFFSET.test(other)
  )
    return text > other
  const [instant, otherInstant] = [instantOf(text), instantOf(other)]
  return instant !== undefined && otherInstant !== undefined && instant > otherInstant
}

/** Returns the offset of a time in a common form. */
const offsetTextOf = (text: string): string => (text.endsWith('Z') ? 'Z' : text.slice(-'+00:00'.length))

/** Returns the same as `instantOf`, except that it returns undefined for a time without an offset. */
export const zonedInstantOf = (text: string): string | undefined => {
  const time = readTime(text)
  return time?.offset === undefined ? undefined : time.instant
}

const FIRST = '0001-01-01T00:00:00.000000Z'
const LAST = '9999-12-31T23:59:59.999999Z'

/**
 * Returns the instant of a bound of a range of times. Returns undefined if the string is not a time or has no offset.
 * If the bound in UTC is before the year 1 or after the year 9999, returns the first or the last instant of these
 * years.
 */
export const boundOf = (text: string): string | undefined => {
  const wall = parseWallClock(text)
  if (wall?.offset === undefined) return undefined
  return readTime(text)?.instant ?? (wall.offset > 0 ? FIRST : LAST)
}

/** Parses a time. Returns undefined if the string is not a time, or if its instant is not in the years 1 to 9999. */
export const readTime = (text: string): ReadTime | undefined => {
  const wall = parseWallClock(text)
  return wall === undefined ? undefined : timeOf(wall)
}

/** The date and time in the string, before the offset is applied. */
interface WallClock {
  /** The start of the day, in milliseconds since 1970. */
  readonly day: number
  /** The number of whole seconds since the start of the day. `micros` is the remaining fraction. */
  readonly seconds: number
  readonly micros: number
  readonly offset?: number
}

const parseWallClock = (text: string): WallClock | undefined => {
  if (text.includes('\0') || !/^\p{ASCII}+$/u.test(text)) return undefined
  const dateEnd = separatorOf(text)
  const day = dayOf(text.slice(0, dateEnd))
  if (day === undefined) return undefined
  if (dateEnd === text.length) return { day, seconds: 0, micros: 0 }

  const clockText = text.slice(dateEnd + 1)
  const zoneAt = clockText.search(/[-+Z]/)
  const clock = clockOf(zoneAt === -1 ? clockText : clockText.slice(0, zoneAt))
  if (clock === undefined || clock.hours > 23 || clock.minutes > 59 || clock.seconds > 59) return undefined
  const wall = { day, seconds: secondsOf(clock), micros: clock.micros }
  if (zoneAt === -1) return clock.isComplete ? wall : undefined
  const offset = offsetOf(clockText.slice(zoneAt))
  return offset === undefined ? undefined : { ...wall, offset }
}

/**
 * Returns the length of the date at the start of the string, as Python determines it. In a week date, the day is
 * optional, so the length depends on the characters after the week.
 */
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

/** Returns the start of a day in milliseconds since 1970, or undefined if the string is not a date. */
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
  /**
   * False if other characters follow the time. If an offset follows these characters, Python ignores them. Otherwise,
   * Python rejects the string.
   */
  readonly isComplete: boolean
}

/**
 * Parses `HH[:MM[:SS[.ffffff]]]`, with or without colons. Returns undefined if the string does not begin with a time.
 * Like Python, it also accepts a fraction directly after the hours or the minutes, and a colon before the fraction.
 */
const clockOf = (text: string): Clock | undefined => {
  const parts: [number, number, number] = [0, 0, 0]
  let at = 0
  const colons = text[2] === ':'
  const clock = (micros: number, isComplete: boolean): Clock => {
    const [hours, minutes, seconds] = parts
    return { hours, minutes, seconds, micros, isComplete }
  }
  for (let k = 0; k < 3; k++) {
    if (!isDigit(text[at]) || !isDigit(text[at + 1])) return undefined
    parts[k] = Number(text.slice(at, at + 2))
    const next = text[at + 2]
    at += 3
    if (at >= text.length) return clock(0, next === undefined)
    if (next === '.' || next === ',') break
    if (!colons) at -= 1
    else if (next !== ':') return undefined
  }
  const digits = text.slice(at, at + 6)
  if (!/^\d+$/.test(digits)) return undefined
  return clock(Number(digits.padEnd(6, '0')), /^\d*$/.test(text.slice(at)))
}

/** Parses an offset, such as `+08:00`, and returns it in microseconds. Returns undefined if the offset is invalid. */
const offsetOf = (text: string): number | undefined => {
  if (text.startsWith('Z')) return text === 'Z' ? 0 : undefined
  const clock = clockOf(text.slice(1))
  if (clock?.isComplete !== true) return undefined
  // If the whole seconds of an offset are zero, Python also ignores its microseconds.
  const micros = secondsOf(clock) === 0 ? 0 : secondsOf(clock) * 1e6 + clock.micros
  if (micros >= DAY_SECONDS * 1e6) return undefined
  return text.startsWith('-') ? -micros : micros
}

const secondsOf = ({ hours, minutes, seconds }: Clock): number => hours * 3600 + minutes * 60 + seconds

const timeOf = ({ day, seconds, micros, offset }: WallClock): ReadTime | undefined => {
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
  // `Date.UTC` is not usable, because it reads the years 0 to 99 as 1900 to 1999.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  // A day that does not exist, such as 31 April, is in another month.
  return date.getUTCMonth() === month - 1 ? date.getTime() : undefined
}

/** Returns the day of an ISO week date. The first week of a year is the week that contains 4 January. */
const weekDay = (year: number, week: number, weekday: number): number | undefined => {
  const fourth = calendarDay(year, 1, 4)
  if (fourth === undefined) return undefined
  const next = must(calendarDay(year + 1, 1, 4))
  const mondayBefore = (day: number): number => day - ((new Date(day).getUTCDay() + 6) % 7) * DAY_MS
  const first = mondayBefore(fourth) + (week - 1) * 7 * DAY_MS
  if (week < 1 || first >= mondayBefore(next)) return undefined
  const day = first + (weekday - 1) * DAY_MS
  // The last week of the year 9999 ends in the year 10000.
  return day > LAST_DAY ? undefined : day
}
const LAST_DAY = Date.UTC(9999, 11, 31)
