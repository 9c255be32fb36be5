import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { must } from '../../shared/values/must.ts'
import { reprOf, rows } from './python-repr.ts'

describe('arithmetic', () => {
  it.each(
    rows(String.raw`
      1 + 2 ⇒ 3
      3 - 5 ⇒ -2
      3 * -4 ⇒ -12
      2 * 0.5 ⇒ 1.0
      True + True ⇒ 2
      5 - True ⇒ 4
      1 + 0.5 ⇒ 1.5
      0.5 - 1 ⇒ -0.5
      -7 % 4 ⇒ 1
      7 % -4 ⇒ -1
      7 % 4 ⇒ 3
      -7 % -4 ⇒ -3
      8 % 4 ⇒ 0
      -8 % 4 ⇒ 0
      7.5 % 2 ⇒ 1.5
      -7.5 % 2 ⇒ 0.5
      7.5 % -2 ⇒ -0.5
      -7.5 % -2 ⇒ -1.5
      4.0 % -2 ⇒ -0.0
      -4.0 % 2 ⇒ 0.0
      0 / -5 ⇒ -0.0
      7 / 2 ⇒ 3.5
      -7 / 2 ⇒ -3.5
      7 / -2 ⇒ -3.5
      -7 / -2 ⇒ 3.5
      1 / True ⇒ 1.0
      1 / 0.5 ⇒ 2.0
      0.5 / 2 ⇒ 0.25
      6 & 3 ⇒ 2
      6 | 3 ⇒ 7
      True & 3 ⇒ 1
      2 & True ⇒ 0
      3 | False ⇒ 3
      True & False ⇒ False
      True & True ⇒ True
      False & True ⇒ False
      True | False ⇒ True
      False | False ⇒ False
      False | True ⇒ True
      1 << 3 ⇒ 8
      1 << 0 ⇒ 1
      (1 << 16384) >> 16384 ⇒ 1
      -9 >> 1 ⇒ -5
      -(1 << 65) >> 64 ⇒ -2
      9007199254740993 / 3 ⇒ 3002399751580331.0
      11529215046068471040000000000000000000000000000000000000001 / 10000000000000000000000000000000000000000 ⇒ 1.1529215046068472e+18
      11529215046068471040000000000000000000000000000000000000000 / 10000000000000000000000000000000000000000 ⇒ 1.152921504606847e+18
      7 / -9007199254740993 ⇒ -7.771561172376095e-16
      -(1 << 70) / ((1 << 70) + 1) ⇒ -1.0
      (1 << 1040) / (1 << 1030) ⇒ 1024.0
      ((1 << 1024) - (1 << 970) - 1) * 1.0 ⇒ 1.7976931348623157e+308
      ((1 << 1024) - (1 << 970) - 1) / 1 ⇒ 1.7976931348623157e+308
      1 / ((1 << 200) + 1) ⇒ 6.223015277861142e-61
      ((1 << 53) + 1) / 1 ⇒ 9007199254740992.0
      ((1 << 54) + 3) / 2 ⇒ 9007199254740994.0
      +True ⇒ 1
      -True ⇒ -1
      ~True ⇒ -2
      ~5 ⇒ -6
      -5 ⇒ -5
      +5 ⇒ 5
      -0.0 ⇒ -0.0
      +0.5 ⇒ 0.5
      not 0 ⇒ True
      not 1 ⇒ False
      not 0.0 ⇒ True
      not 0.5 ⇒ False
      not 1e999 - 1e999 ⇒ False
      not "" ⇒ True
      not "a" ⇒ False
      not None ⇒ True
      not ... ⇒ False
      not [] ⇒ True
      not [0] ⇒ False
      not () ⇒ True
      not (0,) ⇒ False
      not b"" ⇒ True
      not b"a" ⇒ False
      not dt.timedelta() ⇒ True
      not dt.timedelta(1) ⇒ False
      not dt.time() ⇒ False
    `),
  )('with numbers: evaluates %s to %s', (expression, repr) => {
    expect(reprOf(must(expression))).toBe(repr)
  })

  it.each(
    rows(String.raw`
      "a" + "b" ⇒ 'ab'
      b"a" + b"b" ⇒ b'ab'
      [1] + [2, 3] ⇒ [1, 2, 3]
      (1,) + (2, 3) ⇒ (1, 2, 3)
      "ab" * 3 ⇒ 'ababab'
      3 * "ab" ⇒ 'ababab'
      "ab" * 0 ⇒ ''
      "ab" * -1 ⇒ ''
      "" * 5000 ⇒ ''
      b"ab" * 2 ⇒ b'abab'
      2 * b"ab" ⇒ b'abab'
      [1, 2] * 2 ⇒ [1, 2, 1, 2]
      2 * [1, 2] ⇒ [1, 2, 1, 2]
      (1, 2) * 2 ⇒ (1, 2, 1, 2)
      True * (1,) ⇒ (1,)
      [[1]] * 2 ⇒ [[1], [1]]
      [] * 3 ⇒ []
      [] * -1 ⇒ []
    `),
  )('with strings and lists: evaluates %s to %s', (expression, repr) => {
    expect(reprOf(must(expression))).toBe(repr)
  })

  it.each(
    rows(String.raw`
      dt.datetime(2026, 1, 1) + dt.timedelta(1, 1) ⇒ datetime.datetime(2026, 1, 2, 0, 0, 1)
      dt.timedelta(1) + dt.datetime(2026, 1, 1, tzinfo=dt.UTC) ⇒ datetime.datetime(2026, 1, 2, 0, 0, tzinfo=datetime.timezone.utc)
      dt.datetime(2026, 1, 1) - dt.timedelta(microseconds=1) ⇒ datetime.datetime(2025, 12, 31, 23, 59, 59, 999999)
      dt.date(2026, 1, 1) + dt.timedelta(1) ⇒ datetime.date(2026, 1, 2)
      dt.date(2026, 1, 1) + dt.timedelta(hours=47) ⇒ datetime.date(2026, 1, 2)
      dt.timedelta(31) + dt.date(2026, 1, 1) ⇒ datetime.date(2026, 2, 1)
      dt.date(2026, 1, 1) - dt.timedelta(1) ⇒ datetime.date(2025, 12, 31)
      dt.timedelta(1) + dt.timedelta(hours=1) ⇒ datetime.timedelta(days=1, seconds=3600)
      dt.timedelta(1) - dt.timedelta(hours=1) ⇒ datetime.timedelta(seconds=82800)
      dt.date(2026, 3, 1) - dt.date(2026, 2, 1) ⇒ datetime.timedelta(days=28)
      dt.datetime(2026, 1, 2) - dt.datetime(2026, 1, 1, 0, 0, 1) ⇒ datetime.timedelta(seconds=86399)
      dt.datetime(2026, 1, 2, tzinfo=dt.UTC) - dt.datetime(2026, 1, 1, tzinfo=dt.UTC) ⇒ datetime.timedelta(days=1)
      dt.timedelta(1) * 2 ⇒ datetime.timedelta(days=2)
      2 * dt.timedelta(1) ⇒ datetime.timedelta(days=2)
      dt.timedelta(1) * 0.5 ⇒ datetime.timedelta(seconds=43200)
      dt.timedelta(microseconds=5) * 0.1 ⇒ datetime.timedelta(microseconds=1)
      dt.timedelta(microseconds=5) * 0.5 ⇒ datetime.timedelta(microseconds=2)
      dt.timedelta(microseconds=3) * 0.5 ⇒ datetime.timedelta(microseconds=2)
      dt.timedelta(microseconds=-3) * 0.5 ⇒ datetime.timedelta(days=-1, seconds=86399, microseconds=999998)
      dt.timedelta(1) * True ⇒ datetime.timedelta(days=1)
      dt.timedelta(1) / 2 ⇒ datetime.timedelta(seconds=43200)
      dt.timedelta(1) / -2 ⇒ datetime.timedelta(days=-1, seconds=43200)
      dt.timedelta(microseconds=3) / 2 ⇒ datetime.timedelta(microseconds=2)
      dt.timedelta(microseconds=5) / 2 ⇒ datetime.timedelta(microseconds=2)
      dt.timedelta(microseconds=-5) / 2 ⇒ datetime.timedelta(days=-1, seconds=86399, microseconds=999998)
      dt.timedelta(microseconds=5) / -2 ⇒ datetime.timedelta(days=-1, seconds=86399, microseconds=999998)
      dt.timedelta(microseconds=10) / 4 ⇒ datetime.timedelta(microseconds=2)
      dt.timedelta(microseconds=11) / 4 ⇒ datetime.timedelta(microseconds=3)
      dt.timedelta(microseconds=9) / 4 ⇒ datetime.timedelta(microseconds=2)
      dt.timedelta(1) / 0.5 ⇒ datetime.timedelta(days=2)
      dt.timedelta(1) / dt.timedelta(hours=6) ⇒ 4.0
      dt.timedelta(1) % dt.timedelta(hours=7) ⇒ datetime.timedelta(seconds=10800)
      dt.timedelta(-1) % dt.timedelta(hours=7) ⇒ datetime.timedelta(seconds=14400)
      -dt.timedelta(1) ⇒ datetime.timedelta(days=-1)
      +dt.timedelta(1) ⇒ datetime.timedelta(days=1)
    `),
  )('with times: evaluates %s to %s', (expression, repr) => {
    expect(reprOf(must(expression))).toBe(repr)
  })

  it('accepts a repeated value of length 1,000', () => {
    expect(reprOf('"ab" * 500')).toBe(`'${'ab'.repeat(500)}'`)
  })

  it.each([
    ['1 / 0', 'division by zero (column 14)'],
    ['1.0 / 0', 'division by zero (column 16)'],
    ['1 / 0.0', 'division by zero (column 14)'],
    ['1 % 0', 'division by zero (column 14)'],
    ['1.0 % 0', 'division by zero (column 16)'],
    ['1 << -1', 'a shift must be between 0 and 16384 bits (column 14)'],
    ['1 >> -1', 'a shift must be between 0 and 16384 bits (column 14)'],
    ['1 << 16385', 'a shift must be between 0 and 16384 bits (column 14)'],
    ['0 >> 16385', 'a shift must be between 0 and 16384 bits (column 14)'],
    ['(1 << 1024) * 1.0', 'int too large to convert to float (column 24)'],
    ['(1 << 1024) - 0.5', 'int too large to convert to float (column 24)'],
    ['(1 << 1024) / 1', 'int too large to convert to float (column 24)'],
    ['(1 << 1024) / 0.5', 'int too large to convert to float (column 24)'],
    ['-(1 << 1024) / 1', 'int too large to convert to float (column 25)'],
    ['1.0 & 1', "unsupported operand types for &: 'float' and 'int' (column 16)"],
    ['1.0 | 1', "unsupported operand types for |: 'float' and 'int' (column 16)"],
    ['1.0 << 1', "unsupported operand types for <<: 'float' and 'int' (column 16)"],
    ['1 >> 1.0', "unsupported operand types for >>: 'int' and 'float' (column 14)"],
    ['~1.5', "unsupported operand type for unary ~: 'float' (column 12)"],
    ['~"a"', "unsupported operand type for unary ~: 'str' (column 12)"],
    ['-"a"', "unsupported operand type for unary -: 'str' (column 12)"],
    ['+None', "unsupported operand type for unary +: 'NoneType' (column 12)"],
    ['~dt.timedelta(1)', "unsupported operand type for unary ~: 'datetime.timedelta' (column 12)"],
    ['-dt.date(2026, 1, 1)', "unsupported operand type for unary -: 'datetime.date' (column 12)"],
    ['"a" + 1', "unsupported operand types for +: 'str' and 'int' (column 16)"],
    ['1 + "a"', "unsupported operand types for +: 'int' and 'str' (column 14)"],
    ['"a" - "b"', "unsupported operand types for -: 'str' and 'str' (column 16)"],
    ['"a" + b"b"', "unsupported operand types for +: 'str' and 'bytes' (column 16)"],
    ['[1] + (1,)', "unsupported operand types for +: 'list' and 'tuple' (column 16)"],
    ['(1,) + [1]', "unsupported operand types for +: 'tuple' and 'list' (column 17)"],
    ['[1] - [1]', "unsupported operand types for -: 'list' and 'list' (column 16)"],
    ['"a" * 1.0', "unsupported operand types for *: 'str' and 'float' (column 16)"],
    ['1.0 * "a"', "unsupported operand types for *: 'float' and 'str' (column 16)"],
    ['"a" * "b"', "unsupported operand types for *: 'str' and 'str' (column 16)"],
    ['None * 2', "unsupported operand types for *: 'NoneType' and 'int' (column 17)"],
    ['2 * None', "unsupported operand types for *: 'int' and 'NoneType' (column 14)"],
    ['[1] * None', "unsupported operand types for *: 'list' and 'NoneType' (column 16)"],
    ['1 & "a"', "unsupported operand types for &: 'int' and 'str' (column 14)"],
    ['True & "a"', "unsupported operand types for &: 'bool' and 'str' (column 17)"],
    ['"a" | "b"', "unsupported operand types for |: 'str' and 'str' (column 16)"],
    ['"a" % 1', 'formatting a string with `%` is not supported in qb: write the resulting string (column 16)'],
    ['b"a" % 1', 'formatting a string with `%` is not supported in qb: write the resulting string (column 17)'],
    ['1 % "a"', "unsupported operand types for %: 'int' and 'str' (column 14)"],
    ['[1] % 1', "unsupported operand types for %: 'list' and 'int' (column 16)"],
    ['"ab" * 501', 'the result of `*` must not have more than 1000 characters or values (column 17)'],
    ['b"ab" * 501', 'the result of `*` must not have more than 1000 characters or values (column 18)'],
    ['[1] * 501', 'the result of `*` must not have more than 1000 characters or values (column 16)'],
    ['[[1, 2], 3] * 201', 'the result of `*` must not have more than 1000 characters or values (column 24)'],
    ['(1,) * 501', 'the result of `*` must not have more than 1000 characters or values (column 17)'],
    ['dt.timedelta(1) + 1', "unsupported operand types for +: 'datetime.timedelta' and 'int' (column 28)"],
    ['1 + dt.timedelta(1)', "unsupported operand types for +: 'int' and 'datetime.timedelta' (column 14)"],
    [
      'dt.timedelta(1) - dt.date(2026, 1, 1)',
      "unsupported operand types for -: 'datetime.timedelta' and 'datetime.date' (column 28)",
    ],
    [
      'dt.date(2026, 1, 1) + dt.date(2026, 1, 1)',
      "unsupported operand types for +: 'datetime.date' and 'datetime.date' (column 32)",
    ],
    [
      'dt.date(2026, 1, 1) - dt.datetime(2026, 1, 1)',
      "unsupported operand types for -: 'datetime.date' and 'datetime.datetime' (column 32)",
    ],
    [
      'dt.datetime(2026, 1, 1) - dt.date(2026, 1, 1)',
      "unsupported operand types for -: 'datetime.datetime' and 'datetime.date' (column 36)",
    ],
    ['dt.datetime(2026, 1, 1) - 1', "unsupported operand types for -: 'datetime.datetime' and 'int' (column 36)"],
    [
      'dt.datetime(2026, 1, 1) - dt.datetime(2026, 1, 1, tzinfo=dt.UTC)',
      "unsupported operand types for -: 'datetime.datetime' and 'datetime.datetime' (column 36)",
    ],
    [
      'dt.datetime(2026, 1, 1, tzinfo=dt.UTC) - dt.datetime(2026, 1, 1)',
      "unsupported operand types for -: 'datetime.datetime' and 'datetime.datetime' (column 51)",
    ],
    [
      'dt.time(8) + dt.timedelta(1)',
      "unsupported operand types for +: 'datetime.time' and 'datetime.timedelta' (column 23)",
    ],
    ['dt.time(8) - dt.time(7)', "unsupported operand types for -: 'datetime.time' and 'datetime.time' (column 23)"],
    [
      'dt.timedelta(1) * dt.timedelta(1)',
      "unsupported operand types for *: 'datetime.timedelta' and 'datetime.timedelta' (column 28)",
    ],
    ['dt.timedelta(1) * "a"', "unsupported operand types for *: 'datetime.timedelta' and 'str' (column 28)"],
    ['"a" * dt.timedelta(1)', "unsupported operand types for *: 'str' and 'datetime.timedelta' (column 16)"],
    ['dt.date(2026, 1, 1) * 2', "unsupported operand types for *: 'datetime.date' and 'int' (column 32)"],
    ['dt.timedelta(1) / "a"', "unsupported operand types for /: 'datetime.timedelta' and 'str' (column 28)"],
    ['1 / dt.timedelta(1)', "unsupported operand types for /: 'int' and 'datetime.timedelta' (column 14)"],
    ['dt.timedelta(1) / 0', 'division by zero (column 28)'],
    ['dt.timedelta(1) / 0.0', 'division by zero (column 28)'],
    ['dt.timedelta(1) / dt.timedelta()', 'division by zero (column 28)'],
    ['dt.timedelta(1) % dt.timedelta()', 'division by zero (column 28)'],
    ['dt.timedelta(1) % 2', "unsupported operand types for %: 'datetime.timedelta' and 'int' (column 28)"],
    ['2 % dt.timedelta(1)', "unsupported operand types for %: 'int' and 'datetime.timedelta' (column 14)"],
    [
      'dt.timedelta(1) & dt.timedelta(1)',
      "unsupported operand types for &: 'datetime.timedelta' and 'datetime.timedelta' (column 28)",
    ],
    ['dt.timedelta(1) * 1e999', 'cannot convert infinity or NaN to a fraction (column 28)'],
    ['dt.timedelta(1) / 1e999', 'cannot convert infinity or NaN to a fraction (column 28)'],
    ['dt.timedelta(999999999) + dt.timedelta(1)', 'a timedelta must be shorter than 1,000,000,000 days (column 36)'],
    [
      'dt.timedelta(-999999999) - dt.timedelta(0, 0, 1)',
      'a timedelta must be shorter than 1,000,000,000 days (column 37)',
    ],
    ['dt.datetime(9999, 12, 31) + dt.timedelta(1)', 'the date is outside the years 1 to 9999 (column 38)'],
    ['dt.date(1, 1, 1) - dt.timedelta(1)', 'the date is outside the years 1 to 9999 (column 29)'],
    ['dt.date(9999, 12, 31) + dt.timedelta(1)', 'the date is outside the years 1 to 9999 (column 34)'],
  ])('rejects %s: %s', (expression, reason) => {
    expect(() => reprOf(expression)).toThrow(new FilterError('qb', reason))
  })
})
