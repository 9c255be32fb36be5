import { CalendarDate, ClockTime, DateTime, DAY, dayOfDate, TimeDelta, TimeZone } from '../python/times.ts'
import { numberOf } from '../python/values.ts'
import { microsIn } from '../python/micros.ts'
import { type Parameter, QbFunction, QbNamespace } from './objects.ts'
import { placed, QbError } from './syntax.ts'

/** The module `datetime`, as far as `qb` takes it. */

const CLOCK: readonly Parameter[] = [
  ['hour', 0n],
  ['minute', 0n],
  ['second', 0n],
  ['microsecond', 0n],
  ['tzinfo', null],
  // Of a wall clock that shows an hour twice; a fixed offset has no such hour.
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

const integer = (value: unknown, what: string, at: number): number => {
  const number = numberOf(value)
  if (typeof number !== 'bigint') throw new QbError(`${what} is a whole number`, at)
  return Number(number)
}

const within = (value: unknown, what: string, end: number, at: number): bigint => {
  const number = integer(value, what, at)
  if (number < 0 || number >= end) throw new QbError(`${what} must be in 0..${end - 1}`, at)
  return BigInt(number)
}

const zoneIn = (value: unknown, at: number): TimeZone | undefined => {
  if (value === null) return undefined
  if (value instanceof TimeZone) return value
  throw new QbError('tzinfo is dt.timezone.utc, or left out', at)
}

/** Microseconds into the day. */
const clockOf = ([hour, minute, second, microsecond, , fold]: readonly unknown[], at: number): bigint => {
  within(fold, 'fold', 2, at)
  const minutes = within(hour, 'hour', 24, at) * 60n + within(minute, 'minute', 60, at)
  const seconds = minutes * 60n + within(second, 'second', 60, at)
  return seconds * SECOND + within(microsecond, 'microsecond', 1_000_000, at)
}

const dateOf = ([year, month, day]: readonly unknown[], at: number): bigint =>
  dayOfDate(integer(year, 'year', at), integer(month, 'month', at), integer(day, 'day', at))

/** Turns what the calendar refuses into an error at its place. */
const calendar =
  (make: (values: readonly unknown[], at: number) => unknown) =>
  (values: readonly unknown[], at: number): unknown =>
    placed(RangeError, at, () => make(values, at))

const deltaOf = (values: readonly unknown[], at: number): TimeDelta => {
  const counts = Object.entries(UNITS).map(([name, unit], k) => {
    const count = numberOf(values[k])
    if (count === undefined || !Number.isFinite(Number(count))) throw new QbError(`${name} is a number`, at)
    return [count, unit] as const
  })
  return new TimeDelta(microsIn(counts))
}

const datetimeClass = new QbFunction(
  { name: 'dt.datetime', parameters: [...DATE, ...CLOCK], namedFrom: 8 },
  calendar((values, at) => {
    const wall = dateOf(values, at) * DAY + clockOf(values.slice(3), at)
    return new DateTime(wall, zoneIn(values[7], at))
  }),
)
const dateClass = new QbFunction(
  { name: 'dt.date', parameters: DATE },
  calendar((values, at) => new CalendarDate(dateOf(values, at))),
)
const timeClass = new QbFunction(
  { name: 'dt.time', parameters: CLOCK, namedFrom: 5 },
  (values, at) => new ClockTime(clockOf(values, at), zoneIn(values[4], at)),
)
const timedeltaClass = new QbFunction(
  { name: 'dt.timedelta', parameters: Object.keys(UNITS).map((name) => [name, 0n] as const) },
  calendar(deltaOf),
)

const NOTHING: ReadonlyMap<string, unknown> = new Map()

/** `dt`, which `datetime` is another name of. */
export const DATETIME_MODULE = new QbNamespace(
  'dt',
  new Map<string, unknown>([
    ['datetime', new QbNamespace('dt.datetime', NOTHING, datetimeClass)],
    ['date', new QbNamespace('dt.date', NOTHING, dateClass)],
    ['time', new QbNamespace('dt.time', NOTHING, timeClass)],
    ['timedelta', new QbNamespace('dt.timedelta', NOTHING, timedeltaClass)],
    ['timezone', new QbNamespace('dt.timezone', new Map([['utc', TimeZone.utc]]))],
    ['UTC', TimeZone.utc],
  ]),
)
