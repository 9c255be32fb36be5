import { type ReadTime, readTime } from '../../values/instant.ts'
import { modulo } from './micros.ts'

/**
 * The types of Python's module `datetime`, as SpecStar's filters compare them. Times are in microseconds, from year 1
 * to year 9999.
 */

const SECOND = 1_000_000n
const HOUR = 3600n * SECOND
export const DAY = 24n * HOUR

/** A fixed offset from UTC of less than 24 hours. `offset` is in microseconds. */
export class TimeZone {
  readonly offset: bigint

  constructor(offset: bigint) {
    if (offset <= -DAY || offset >= DAY) throw new RangeError('a UTC offset must be less than 24 hours')
    this.offset = offset
  }

  static readonly utc = new TimeZone(0n)

  /** Always returns `UTC`, because expressions can contain no other time zone. */
  toString(): string {
    return 'UTC'
  }

  repr(): string {
    return this.offset === 0n ? 'datetime.timezone.utc' : `datetime.timezone(${new TimeDelta(this.offset).repr()})`
  }
}

export class DateTime {
  /** The local time in this zone, in microseconds since 1970-01-01T00:00:00. */
  readonly wall: bigint
  readonly zone: TimeZone | undefined
  /**
   * True if the time was read from a resource. If a stored time has no zone, it is compared with times with a zone as
   * if it were in UTC.
   */
  readonly stored: boolean

  constructor(wall: bigint, zone: TimeZone | undefined, stored = false) {
    checkCalendar(wall)
    this.wall = wall
    this.zone = zone
    this.stored = stored
  }

  /** Parses a stored time. Returns undefined if the string is not a time. */
  static ofStored(text: string): DateTime | undefined {
    const time = readTime(text)
    if (time === undefined) return undefined
    const zone = time.offset === undefined ? undefined : new TimeZone(BigInt(time.offset))
    return new DateTime(microsOf(time) + (zone?.offset ?? 0n), zone, true)
  }

  /** Returns, for example, `2026-02-01 08:00:00.000001+08:00`. */
  toString(): string {
    return `${dateText(dayOf(this.wall))} ${clockText(modulo(this.wall, DAY))}${zoneText(this.zone)}`
  }

  /** Returns, for example, `datetime.datetime(2026, 2, 1, 8, 0, tzinfo=datetime.timezone.utc)`. */
  repr(): string {
    return constructorCall('datetime', [
      ...dateParts(dayOf(this.wall)),
      ...clockParts(modulo(this.wall, DAY), this.zone),
    ])
  }
}

export class CalendarDate {
  /** The number of days since 1970-01-01. */
  readonly day: bigint

  constructor(day: bigint) {
    checkCalendar(day * DAY)
    this.day = day
  }

  toString(): string {
    return dateText(this.day)
  }

  repr(): string {
    return constructorCall('date', dateParts(this.day))
  }
}

export class ClockTime {
  readonly micros: bigint
  readonly zone: TimeZone | undefined

  constructor(micros: bigint, zone: TimeZone | undefined) {
    this.micros = micros
    this.zone = zone
  }

  toString(): string {
    return `${clockText(this.micros)}${zoneText(this.zone)}`
  }

  repr(): string {
    return constructorCall('time', clockParts(this.micros, this.zone))
  }
}

/** Python's limit on the days of a `timedelta`. */
const MAX_DELTA_DAYS = 999_999_999n

export class TimeDelta {
  readonly micros: bigint

  constructor(micros: bigint) {
    const days = dayOf(micros)
    if (days < -MAX_DELTA_DAYS || days > MAX_DELTA_DAYS)
      throw new RangeError('a timedelta must be shorter than 1,000,000,000 days')
    this.micros = micros
  }

  /** Returns, for example, `-1 day, 23:59:59`. */
  toString(): string {
    const days = dayOf(this.micros)
    const rest = modulo(this.micros, DAY)
    const clock = `${rest / HOUR}${clockText(rest).slice(2)}`
    return days === 0n ? clock : `${days} day${days === 1n || days === -1n ? '' : 's'}, ${clock}`
  }

  /** Returns, for example, `datetime.timedelta(days=-1, seconds=86399)`. */
  repr(): string {
    const rest = modulo(this.micros, DAY)
    const parts = { days: dayOf(this.micros), seconds: rest / SECOND, microseconds: rest % SECOND }
    const named = Object.entries(parts).flatMap(([name, count]) => (count === 0n ? [] : [`${name}=${count}`]))
    return constructorCall('timedelta', named.length === 0 ? ['0'] : named)
  }
}

/** Converts microseconds to whole days, rounded down. */
export const dayOf = (micros: bigint): bigint => (micros - modulo(micros, DAY)) / DAY

/**
 * Returns the number of days from 1970-01-01 to a date. Throws `RangeError` if the date does not exist in the calendar.
 */
export const dayOfDate = (year: number, month: number, day: number): bigint => {
  // `Date.UTC` would read the years 0–99 as 1900–1999.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (year < 1 || year > 9999) throw new RangeError(`year ${year} is out of range`)
  if (month < 1 || month > 12) throw new RangeError('month must be in 1..12')
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    throw new RangeError('day is out of range for month')
  return BigInt(date.getTime() / 86_400_000)
}

/** The start of year 1 and the end of year 9999 (exclusive), in microseconds since 1970-01-01. */
const CALENDAR_START = -62_135_596_800n * SECOND
const CALENDAR_END = 253_402_300_800n * SECOND

const checkCalendar = (micros: bigint): void => {
  if (micros < CALENDAR_START || micros >= CALENDAR_END) throw new RangeError('the date is outside the years 1 to 9999')
}

const microsOf = ({ instant }: ReadTime): bigint =>
  BigInt(Date.parse(`${instant.slice(0, 19)}Z`)) * 1000n + BigInt(instant.slice(20, 26))

const dateText = (day: bigint): string => new Date(Number(day) * 86_400_000).toISOString().slice(0, 10)

/** Returns `HH:MM:SS`. If the fraction of the second is not zero, appends it with six digits. */
const clockText = (micros: bigint): string => {
  const fraction = micros % SECOND
  const seconds = micros / SECOND
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => pad(part, 2)).join(':')
  return fraction === 0n ? clock : `${clock}.${pad(fraction, 6)}`
}

const zoneText = (zone: TimeZone | undefined): string => {
  if (zone === undefined) return ''
  const { offset } = zone
  const text = clockText(offset < 0n ? -offset : offset)
  return `${offset < 0n ? '-' : '+'}${text.endsWith(':00') ? text.slice(0, -3) : text}`
}

const constructorCall = (name: string, values: readonly string[]): string => `datetime.${name}(${values.join(', ')})`

const dateParts = (day: bigint): string[] =>
  dateText(day)
    .split('-')
    .map((part) => Number(part).toString())

/**
 * Returns hours and minutes. If the microseconds are not zero, also returns seconds and microseconds. Otherwise, if the
 * seconds are not zero, also returns the seconds.
 */
const clockParts = (micros: bigint, zone: TimeZone | undefined): string[] => {
  const parts = [micros / HOUR, (micros / (60n * SECOND)) % 60n, (micros / SECOND) % 60n, micros % SECOND]
  const shown =
    1 +
    Math.max(
      1,
      parts.findLastIndex((part) => part !== 0n),
    )
  return [...parts.slice(0, shown).map(String), ...(zone === undefined ? [] : [`tzinfo=${zone.repr()}`])]
}

const pad = (value: bigint, digits: number): string => value.toString().padStart(digits, '0')
