import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { must } from '../../shared/values/must.ts'
import { reprOf, rows } from './python-repr.ts'

describe('the module datetime', () => {
  it.each(
    rows(String.raw`
      dt.datetime(2026, 2, 28) ⇒ datetime.datetime(2026, 2, 28, 0, 0)
      dt.datetime(2026, 2, 28, 8, 30) ⇒ datetime.datetime(2026, 2, 28, 8, 30)
      dt.datetime(2026, 2, 28, 8, 30, 1) ⇒ datetime.datetime(2026, 2, 28, 8, 30, 1)
      dt.datetime(2026, 2, 28, 8, 0, 0, 7) ⇒ datetime.datetime(2026, 2, 28, 8, 0, 0, 7)
      dt.datetime(2026, 2, 28, 23, 59, 59, 999999, dt.UTC) ⇒ datetime.datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=datetime.timezone.utc)
      dt.datetime(2026, 2, 28, hour=8, tzinfo=dt.timezone.utc) ⇒ datetime.datetime(2026, 2, 28, 8, 0, tzinfo=datetime.timezone.utc)
      dt.datetime(day=1, month=12, year=2026, second=5) ⇒ datetime.datetime(2026, 12, 1, 0, 0, 5)
      dt.datetime(2026, 1, 1, tzinfo=None) ⇒ datetime.datetime(2026, 1, 1, 0, 0)
      dt.datetime(1, 1, 1) ⇒ datetime.datetime(1, 1, 1, 0, 0)
      dt.datetime(9999, 12, 31, 23, 59, 59, 999999) ⇒ datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)
      datetime.date(2024, 2, 29) ⇒ datetime.date(2024, 2, 29)
      dt.date(1969, 12, 31) ⇒ datetime.date(1969, 12, 31)
      dt.date(True, 1, 1) ⇒ datetime.date(1, 1, 1)
      dt.time() ⇒ datetime.time(0, 0)
      dt.time(8) ⇒ datetime.time(8, 0)
      dt.time(8, 30, 15, 5, dt.UTC) ⇒ datetime.time(8, 30, 15, 5, tzinfo=datetime.timezone.utc)
      dt.time(23, 59, 59, 999999) ⇒ datetime.time(23, 59, 59, 999999)
      dt.time(8, microsecond=10, fold=0) ⇒ datetime.time(8, 0, 0, 10)
      dt.UTC ⇒ datetime.timezone.utc
      dt.timedelta() ⇒ datetime.timedelta(0)
      dt.timedelta(1) ⇒ datetime.timedelta(days=1)
      dt.timedelta(-1) ⇒ datetime.timedelta(days=-1)
      dt.timedelta(2) ⇒ datetime.timedelta(days=2)
      dt.timedelta(0, 1) ⇒ datetime.timedelta(seconds=1)
      dt.timedelta(0, 0, 1) ⇒ datetime.timedelta(microseconds=1)
      dt.timedelta(1, 2, 3) ⇒ datetime.timedelta(days=1, seconds=2, microseconds=3)
      dt.timedelta(0, 0, 0, 1, 2, 3, 4) ⇒ datetime.timedelta(days=28, seconds=10920, microseconds=1000)
      dt.timedelta(hours=-1) ⇒ datetime.timedelta(days=-1, seconds=82800)
      dt.timedelta(999999999, 86399, 999999) ⇒ datetime.timedelta(days=999999999, seconds=86399, microseconds=999999)
      dt.timedelta(-999999999) ⇒ datetime.timedelta(days=-999999999)
      dt.timedelta(days=0.5) ⇒ datetime.timedelta(seconds=43200)
      dt.timedelta(seconds=-1.5) ⇒ datetime.timedelta(days=-1, seconds=86398, microseconds=500000)
      dt.timedelta(microseconds=0.5) ⇒ datetime.timedelta(0)
      dt.timedelta(microseconds=1.5) ⇒ datetime.timedelta(microseconds=2)
      dt.timedelta(microseconds=2.5) ⇒ datetime.timedelta(microseconds=2)
      dt.timedelta(microseconds=-0.5) ⇒ datetime.timedelta(0)
      dt.timedelta(microseconds=-1.5) ⇒ datetime.timedelta(days=-1, seconds=86399, microseconds=999998)
      dt.timedelta(microseconds=0.4) ⇒ datetime.timedelta(0)
      dt.timedelta(microseconds=0.6) ⇒ datetime.timedelta(microseconds=1)
      dt.timedelta(microseconds=-0.6) ⇒ datetime.timedelta(days=-1, seconds=86399, microseconds=999999)
      dt.timedelta(microseconds=0.5, milliseconds=0.0005) ⇒ datetime.timedelta(microseconds=1)
      dt.timedelta(1, microseconds=0.5) ⇒ datetime.timedelta(days=1)
      dt.timedelta(microseconds=1, milliseconds=0.0005) ⇒ datetime.timedelta(microseconds=2)
    `),
  )('evaluates %s to %s', (expression, repr) => {
    expect(reprOf(must(expression))).toBe(repr)
  })

  it.each([
    ['dt.datetime(2026, 1, 1, 24)', 'hour must be in 0..23 (column 12)'],
    ['dt.datetime(2026, 1, 1, -1)', 'hour must be in 0..23 (column 12)'],
    ['dt.datetime(2026, 1, 1, 0, 60)', 'minute must be in 0..59 (column 12)'],
    ['dt.datetime(2026, 1, 1, 0, 0, 60)', 'second must be in 0..59 (column 12)'],
    ['dt.time(0, 0, 0, 1000000)', 'microsecond must be in 0..999999 (column 12)'],
    ['dt.time(fold=2)', 'fold must be in 0..1 (column 12)'],
    ['dt.datetime(2026, 1, 1, fold=-1)', 'fold must be in 0..1 (column 12)'],
    ['dt.datetime(2026, 1, 1, 1.0)', 'hour must be a whole number (column 12)'],
    ['dt.date(2026.0, 1, 1)', 'year must be a whole number (column 12)'],
    ['dt.date(2026, "1", 1)', 'month must be a whole number (column 12)'],
    ['dt.date(2026, 1, None)', 'day must be a whole number (column 12)'],
    ['dt.date(0, 1, 1)', 'year 0 is out of range (column 12)'],
    ['dt.date(10000, 1, 1)', 'year 10000 is out of range (column 12)'],
    ['dt.date(2026, 0, 1)', 'month must be in 1..12 (column 12)'],
    ['dt.date(2026, 13, 1)', 'month must be in 1..12 (column 12)'],
    ['dt.date(2026, 1, 0)', 'day is out of range for month (column 12)'],
    ['dt.date(2026, 1, 32)', 'day is out of range for month (column 12)'],
    ['dt.date(2025, 2, 29)', 'day is out of range for month (column 12)'],
    ['dt.time(tzinfo=1)', 'tzinfo must be dt.timezone.utc or None (column 12)'],
    ['dt.datetime(2026, 1, 1, tzinfo="UTC")', 'tzinfo must be dt.timezone.utc or None (column 12)'],
    ['dt.time(0, 0, 0, 0, None, 0)', 'dt.time() accepts at most 5 positional arguments, but got 6 (column 12)'],
    [
      'dt.datetime(2026, 1, 1, 0, 0, 0, 0, None, 0)',
      'dt.datetime() accepts at most 8 positional arguments, but got 9 (column 12)',
    ],
    ['dt.datetime(2026, 1)', 'dt.datetime() requires the argument day (column 12)'],
    ['dt.date()', 'dt.date() requires the argument year (column 12)'],
    ['dt.date(2026, 1, 1, 1)', 'dt.date() accepts at most 3 positional arguments, but got 4 (column 12)'],
    ['dt.date(2026, 1, day=1, day=2)', 'dt.date() got more than one value for day (column 12)'],
    ['dt.date(2026, 1, 1, day=2)', 'dt.date() got more than one value for day (column 12)'],
    ['dt.date(2026, 1, 1, hour=2)', 'dt.date() has no parameter hour (column 12)'],
    ['dt.timedelta("1")', 'days must be a finite number (column 12)'],
    ['dt.timedelta(hours=None)', 'hours must be a finite number (column 12)'],
    ['dt.timedelta(weeks=1e999)', 'weeks must be a finite number (column 12)'],
    ['dt.timedelta(1000000000)', 'a timedelta must be shorter than 1,000,000,000 days (column 12)'],
    ['dt.timedelta(-1000000000)', 'a timedelta must be shorter than 1,000,000,000 days (column 12)'],
    [
      'dt.timedelta(1, 2, 3, 4, 5, 6, 7, 8)',
      'dt.timedelta() accepts at most 7 positional arguments, but got 8 (column 12)',
    ],
    ['dt.datetime', 'expected a value, but found dt.datetime (column 1)'],
    ['dt', 'expected a value, but found dt (column 1)'],
    ['dt.date.today()', '`dt.date.today` is not supported in qb (column 20)'],
    ['dt.timezone(1)', 'dt.timezone cannot be called (column 12)'],
    ['dt.timezone.utc()', "'datetime.timezone' cannot be called (column 12)"],
  ])('rejects %s: %s', (expression, reason) => {
    expect(() => reprOf(expression)).toThrow(new FilterError('qb', reason))
  })
})
