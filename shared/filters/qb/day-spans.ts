import { modulo, sumMicros } from '../python/micros.ts'
import { DAY, DateTime, dayOf, dayOfDate, TimeZone } from '../python/times.ts'
import { numberOf } from '../python/values.ts'
import { type Method, QbCondition, type QbField } from './objects.ts'
import type { Parameter } from './signature.ts'
import { QbError, withOffset } from './syntax.ts'

/**
 * The methods `today`, `this_week` and others, which select spans of whole days relative to the time of the request.
 */

const HOUR = DAY / 24n
const TZ: Parameter = ['tz', null]

/**
 * Returns the first and the last day of a span, as numbers of days since 1970-01-01. If the last day is absent, the
 * span has no end. `wall` is the local time of the request, in microseconds since 1970-01-01, and `today` is the day of
 * this time.
 */
type Span = (
  today: bigint,
  values: readonly unknown[],
  at: number,
  wall: bigint,
) => readonly [first: bigint, last?: bigint]

const spanMethod = (parameters: readonly Parameter[], tzIndex: number, span: Span): Method<QbField> => ({
  parameters,
  make: (field, values, at, now) => {
    const zone = timeZone(values[tzIndex], at)
    const wall = BigInt(now.getTime()) * 1000n + zone.offset
    const [first, last] = span(dayOf(wall), values, at, wall)
    const from = field.compare('gte', dateTime(first * DAY, zone, at), at)
    if (last === undefined) return new QbCondition(from)
    const to = field.compare('lte', dateTime((last + 1n) * DAY - 1n, zone, at), at)
    return new QbCondition({ kind: 'and', conditions: [from, to] })
  },
})

const dateTime = (wall: bigint, zone: TimeZone, at: number): DateTime =>
  withOffset(RangeError, at, () => new DateTime(wall, zone))

/**
 * Returns the time zone of an argument `tz`. The default is UTC. In SpecStar, the default is the time zone of the
 * server.
 */
const timeZone = (tz: unknown, at: number): TimeZone => {
  if (tz === null) return TimeZone.utc
  if (tz instanceof TimeZone) return tz
  const hours = typeof tz === 'string' ? parseHours(tz) : numberOf(tz)
  if (typeof hours !== 'bigint' || hours <= -24n || hours >= 24n)
    throw new QbError('tz must be dt.timezone.utc or hours from UTC, such as 8 or "-4"', at)
  return new TimeZone(hours * HOUR)
}

const parseHours = (text: string): bigint | undefined => {
  const digits = text.trim()
  return /^[+-]?\d{1,3}$/.test(digits) ? BigInt(Number(digits)) : undefined
}

/** Returns the day of the week of a day since 1970-01-01, which was a Thursday. Monday is 0. */
const weekday = (day: bigint): bigint => modulo(day + 3n, 7n)

const yearAndMonth = (day: bigint): readonly [year: number, month: number] => {
  const date = new Date(Number(day) * 86_400_000)
  return [date.getUTCFullYear(), date.getUTCMonth() + 1]
}

const week: Span = (today, [, weekStart], at) => {
  const start = numberOf(weekStart)
  if (typeof start !== 'bigint') throw new QbError('week_start must be a whole number', at)
  const first = today - modulo(weekday(today) - start, 7n)
  return [first, first + 6n]
}

const month: Span = (today) => {
  const [year, month] = yearAndMonth(today)
  const next = month === 12 ? dayOfDate(year + 1, 1, 1) : dayOfDate(year, month + 1, 1)
  return [dayOfDate(year, month, 1), next - 1n]
}

const year: Span = (today) => {
  const [year] = yearAndMonth(today)
  return [dayOfDate(year, 1, 1), dayOfDate(year, 12, 31)]
}

/**
 * The span begins at a midnight. As in SpecStar, its first day is the day of the time that is n - 1 days before the
 * request. With n = 1.5, this is today for a request in the afternoon, and yesterday for a request in the morning.
 */
const lastDays: Span = (_today, [n], at, wall) => {
  const days = numberOf(n)
  if (days === undefined || !Number.isFinite(Number(days))) throw new QbError('n must be a finite number', at)
  return [dayOf(wall - sumMicros([[typeof days === 'bigint' ? days - 1n : days - 1, DAY]]))]
}

export const DAY_METHODS: readonly (readonly [name: string, method: Method<QbField>])[] = [
  ['today', spanMethod([TZ], 0, (today) => [today, today])],
  ['yesterday', spanMethod([TZ], 0, (today) => [today - 1n, today - 1n])],
  ['this_week', spanMethod([TZ, ['week_start', 0n]], 0, week)],
  ['this_month', spanMethod([TZ], 0, month)],
  ['this_year', spanMethod([TZ], 0, year)],
  ['last_n_days', spanMethod([['n'], TZ], 1, lastDays)],
]
