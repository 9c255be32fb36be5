import { microsIn } from '../python/micros.ts'
import { DAY, DateTime, dayOf, dayOfDate, TimeZone } from '../python/times.ts'
import { numberOf } from '../python/values.ts'
import type { Method } from './fields.ts'
import { type Parameter, QbCondition, type QbField } from './objects.ts'
import { placed, QbError } from './syntax.ts'

/** `today`, `this_week` and their like: spans of whole days around the moment when the job was asked for. */

const HOUR = DAY / 24n
const TZ: Parameter = ['tz', null]

/** A span's first and last day, counted from 1970; an open end is absent. `wall`: the time of today, in microseconds. */
type Span = (
  today: bigint,
  values: readonly unknown[],
  at: number,
  wall: bigint,
) => readonly [first: bigint, last?: bigint]

const spanMethod = (parameters: readonly Parameter[], tzAt: number, span: Span): Method<QbField> => ({
  parameters,
  make: (field, values, at, now) => {
    const zone = zoneOf(values[tzAt], at)
    const wall = BigInt(now.getTime()) * 1000n + zone.offset
    const [first, last] = span(dayOf(wall), values, at, wall)
    const from = field.leaf('gte', momentOf(first * DAY, zone, at), at)
    if (last === undefined) return new QbCondition(from)
    const to = field.leaf('lte', momentOf((last + 1n) * DAY - 1n, zone, at), at)
    return new QbCondition({ kind: 'and', conditions: [from, to] })
  },
})

const momentOf = (wall: bigint, zone: TimeZone, at: number): DateTime =>
  placed(RangeError, at, () => new DateTime(wall, zone))

/** None: the server's own zone, which is UTC here; hours as a number or a text; `dt.timezone.utc`. */
const zoneOf = (tz: unknown, at: number): TimeZone => {
  if (tz === null) return TimeZone.utc
  if (tz instanceof TimeZone) return tz
  const hours = typeof tz === 'string' ? hoursIn(tz) : numberOf(tz)
  if (typeof hours !== 'bigint' || hours <= -24n || hours >= 24n)
    throw new QbError('a time zone is dt.timezone.utc, or hours from UTC such as 8 or "-4"', at)
  return new TimeZone(hours * HOUR)
}

const hoursIn = (text: string): bigint | undefined => {
  const digits = text.trim()
  return /^[+-]?\d{1,3}$/.test(digits) ? BigInt(Number(digits)) : undefined
}

const wholeNumber = (value: unknown, what: string, at: number): bigint => {
  const number = numberOf(value)
  if (typeof number === 'bigint') return number
  throw new QbError(`${what} is a whole number`, at)
}

/** 1970-01-01 was a Thursday; Monday is 0. */
const weekday = (day: bigint): bigint => modulo(day + 3n, 7n)
const modulo = (value: bigint, by: bigint): bigint => ((value % by) + by) % by

const monthOf = (day: bigint): readonly [year: number, month: number] => {
  const date = new Date(Number(day) * 86_400_000)
  return [date.getUTCFullYear(), date.getUTCMonth() + 1]
}

const week: Span = (today, [, start], at) => {
  const first = today - modulo(weekday(today) - wholeNumber(start, 'week_start', at), 7n)
  return [first, first + 6n]
}

const month: Span = (today) => {
  const [year, month] = monthOf(today)
  const next = month === 12 ? dayOfDate(year + 1, 1, 1) : dayOfDate(year, month + 1, 1)
  return [dayOfDate(year, month, 1), next - 1n]
}

const year: Span = (today) => {
  const [year] = monthOf(today)
  return [dayOfDate(year, 1, 1), dayOfDate(year, 12, 31)]
}

/** Parts of a day count from the time of today, as in SpecStar: 1.5 days at noon begin today, before noon yesterday. */
const lastDays: Span = (_today, [n], at, wall) => {
  const days = numberOf(n)
  if (days === undefined || !Number.isFinite(Number(days))) throw new QbError('n is a number', at)
  return [dayOf(wall - microsIn([[typeof days === 'bigint' ? days - 1n : days - 1, DAY]]))]
}

export const DAY_METHODS: readonly (readonly [name: string, method: Method<QbField>])[] = [
  ['today', spanMethod([TZ], 0, (today) => [today, today])],
  ['yesterday', spanMethod([TZ], 0, (today) => [today - 1n, today - 1n])],
  ['this_week', spanMethod([TZ, ['week_start', 0n]], 0, week)],
  ['this_month', spanMethod([TZ], 0, month)],
  ['this_year', spanMethod([TZ], 0, year)],
  ['last_n_days', spanMethod([['n'], TZ], 1, lastDays)],
]
