import { CalendarDate, ClockTime, DateTime, DAY, dayOfDate, TimeDelta, TimeZone } from '../python/times.ts'
import { numberOf } from '../python/values.ts'
import { sumMicros } from '../python/micros.ts'
import { QbFunction, QbNamespace } from './objects.ts'
import type { Parameter } from './signature.ts'
import { QbError, withOffset } from './syntax.ts'

/** The part of Python's module `datetime` that `qb` supports. */

const CLOCK: readonly Parameter[] = [
  ['hour', 0n],
  ['minute', 0n],
  ['second', 0n],
  ['microsecond', 0n],
  ['tzinfo', null],
  // `fold` distinguishes equal local times when clocks change. It is accepted for compatibility with Python, but has no
  // effect.
  ['fold', 0n],
]
const DATE: readonly Parameter[] = [['year'], ['month'], ['day']]

const SECOND = 1_000_000n
const UNITS = {
  days: DAY,
  seconds: SECOND,
  microseconds: 1n,
  milliseconds: 1000n,
  minutes: 60n * SECOND,
  hours: 3600n * SECOND,
  weeks: 7n * DAY,
} as const

const integer = (value: unknown, name: string, at: number): number => {
  const number = numberOf(value)
  if (typeof number !== 'bigint') throw new QbError(`${name} must be a whole number`, at)
  return Number(number)
}

/** Returns a whole number from 0 to `end` - 1. Throws `QbError` for any other value. */
const integerBelow = (value: unknown, name: string, end: number, at: number): bigint => {
  const number = integer(value, name, at)
  if (number < 0 || number >= end) throw new QbError(`${name} must be in 0..${end - 1}`, at)
  return BigInt(number)
}

const timeZone = (value: unknown, at: number): TimeZone | undefined => {
  if (value === null) return undefined
  if (value instanceof TimeZone) return value
  throw new QbError('tzinfo must be dt.timezone.utc or None', at)
}

/** Returns the microseconds since midnight. Throws `QbError` if a part is out of range. */
const clockOf = ([hour, minute, second, microsecond, , fold]: readonly unknown[], at: number): bigint => {
  integerBelow(fold, 'fold', 2, at)
  const minutes = integerBelow(hour, 'hour', 24, at) * 60n + integerBelow(minute, 'minute', 60, at)
  const seconds = minutes * 60n + integerBelow(second, 'second', 60, at)
  return seconds * SECOND + integerBelow(microsecond, 'microsecond', 1_000_000, at)
}

const dayOf = ([year, month, day]: readonly unknown[], at: number): bigint =>
  dayOfDate(integer(year, 'year', at), integer(month, 'month', at), integer(day, 'day', at))

/** Returns a function that calls `make`, and throws `QbError` if `make` throws `RangeError`. */
const checked =
  (make: (values: readonly unknown[], at: number) => unknown) =>
  (values: readonly unknown[], at: number): unknown =>
    withOffset(RangeError, at, () => make(values, at))

const deltaOf = (values: readonly unknown[], at: number): TimeDelta => {
  const counts = Object.entries(UNITS).map(([name, unit], k) => {
    const count = numberOf(values[k])
    if (count === undefined || !Number.isFinite(Number(count))) throw new QbError(`${name} must be a finite number`, at)
    return [count, unit] as const
  })
  return new TimeDelta(sumMicros(counts))
}

const datetimeClass = new QbFunction(
  { name: 'dt.datetime', parameters: [...DATE, ...CLOCK], namedFrom: 8 },
  checked((values, at) => {
    const wall = dayOf(values, at) * DAY + clockOf(values.slice(3), at)
    return new DateTime(wall, timeZone(values[7], at))
  }),
)
const dateClass = new QbFunction(
  { name: 'dt.date', parameters: DATE },
  checked((values, at) => new CalendarDate(dayOf(values, at))),
)
const timeClass = new QbFunction(
  { name: 'dt.time', parameters: CLOCK, namedFrom: 5 },
  (values, at) => new ClockTime(clockOf(values, at), timeZone(values[4], at)),
)
const timedeltaClass = new QbFunction(
  { name: 'dt.timedelta', parameters: Object.keys(UNITS).map((name) => [name, 0n] as const) },
  checked(deltaOf),
)

const NO_MEMBERS: ReadonlyMap<string, unknown> = new Map()

/** The namespace that expressions use as `dt` or `datetime`. */
export const DATETIME_MODULE = new QbNamespace(
  'dt',
  new Map<string, unknown>([
    ['datetime', new QbNamespace('dt.datetime', NO_MEMBERS, datetimeClass)],
    ['date', new QbNamespace('dt.date', NO_MEMBERS, dateClass)],
    ['time', new QbNamespace('dt.time', NO_MEMBERS, timeClass)],
    ['timedelta', new QbNamespace('dt.timedelta', NO_MEMBERS, timedeltaClass)],
    ['timezone', new QbNamespace('dt.timezone', new Map([['utc', TimeZone.utc]]))],
    ['UTC', TimeZone.utc],
  ]),
)
