import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { must } from '../../shared/values/must.ts'
import { rows, writtenOf } from './written.ts'

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
  )('of numbers: %s is %s', (expression, written) => {
    expect(writtenOf(must(expression))).toBe(written)
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
  )('of texts and lists: %s is %s', (expression, written) => {
    expect(writtenOf(must(expression))).toBe(written)
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
  )('of times: %s is %s', (expression, written) => {
    expect(writtenOf(must(expression))).toBe(written)
  })

  it('repeats a value up to 1,000 long', () => {
    expect(writtenOf('"ab" * 500')).toBe(`'${'ab'.repeat(500)}'`)
  })

  it.each([
    ['1 / 0', 'division by zero (column 14)'],
    ['1.0 / 0', 'division by zero (column 16)'],
    ['1 / 0.0', 'division by zero (column 14)'],
    ['1 % 0', 'division by zero (column 14)'],
    ['1.0 % 0', 'division by zero (column 16)'],
    ['1 << -1', 'shifts go from 0 to 16384 bits (column 14)'],
    ['1 >> -1', 'shifts go from 0 to 16384 bits (column 14)'],
    ['1 << 16385', 'shifts go from 0 to 16384 bits (column 14)'],
    ['0 >> 16385', 'shifts go from 0 to 16384 bits (column 14)'],
    ['(1 << 1024) * 1.0', 'an int is too large for a float (column 24)'],
    ['(1 << 1024) - 0.5', 'an int is too large for a float (column 24)'],
    ['(1 << 1024) / 1', 'an int is too large for a float (column 24)'],
    ['(1 << 1024) / 0.5', 'an int is too large for a float (column 24)'],
    ['-(1 << 1024) / 1', 'an int is too large for a float (column 25)'],
    ['1.0 & 1', "& does not go with 'float' and 'int' (column 16)"],
    ['1.0 | 1', "| does not go with 'float' and 'int' (column 16)"],
    ['1.0 << 1', "<< does not go with 'float' and 'int' (column 16)"],
    ['1 >> 1.0', ">> does not go with 'int' and 'float' (column 14)"],
    ['~1.5', "~ does not go with 'float' (column 12)"],
    ['~"a"', "~ does not go with 'str' (column 12)"],
    ['-"a"', "- does not go with 'str' (column 12)"],
    ['+None', "+ does not go with 'NoneType' (column 12)"],
    ['~dt.timedelta(1)', "~ does not go with 'datetime.timedelta' (column 12)"],
    ['-dt.date(2026, 1, 1)', "- does not go with 'datetime.date' (column 12)"],
    ['"a" + 1', "+ does not go with 'str' and 'int' (column 16)"],
    ['1 + "a"', "+ does not go with 'int' and 'str' (column 14)"],
    ['"a" - "b"', "- does not go with 'str' and 'str' (column 16)"],
    ['"a" + b"b"', "+ does not go with 'str' and 'bytes' (column 16)"],
    ['[1] + (1,)', "+ does not go with 'list' and 'tuple' (column 16)"],
    ['(1,) + [1]', "+ does not go with 'tuple' and 'list' (column 17)"],
    ['[1] - [1]', "- does not go with 'list' and 'list' (column 16)"],
    ['"a" * 1.0', "* does not go with 'str' and 'float' (column 16)"],
    ['1.0 * "a"', "* does not go with 'float' and 'str' (column 16)"],
    ['"a" * "b"', "* does not go with 'str' and 'str' (column 16)"],
    ['None * 2', "* does not go with 'NoneType' and 'int' (column 17)"],
    ['2 * None', "* does not go with 'int' and 'NoneType' (column 14)"],
    ['[1] * None', "* does not go with 'list' and 'NoneType' (column 16)"],
    ['1 & "a"', "& does not go with 'int' and 'str' (column 14)"],
    ['True & "a"', "& does not go with 'bool' and 'str' (column 17)"],
    ['"a" | "b"', "| does not go with 'str' and 'str' (column 16)"],
    ['"a" % 1', 'formatting a text by % is not taken in qb: write the text itself (column 16)'],
    ['b"a" % 1', 'formatting a text by % is not taken in qb: write the text itself (column 17)'],
    ['1 % "a"', "% does not go with 'int' and 'str' (column 14)"],
    ['[1] % 1', "% does not go with 'list' and 'int' (column 16)"],
    ['"ab" * 501', 'a repeated value is longer than 1000 (column 17)'],
    ['b"ab" * 501', 'a repeated value is longer than 1000 (column 18)'],
    ['[1] * 501', 'a repeated value is longer than 1000 (column 16)'],
    ['[[1, 2], 3] * 201', 'a repeated value is longer than 1000 (column 24)'],
    ['(1,) * 501', 'a repeated value is longer than 1000 (column 17)'],
    ['dt.timedelta(1) + 1', "+ does not go with 'datetime.timedelta' and 'int' (column 28)"],
    ['1 + dt.timedelta(1)', "+ does not go with 'int' and 'datetime.timedelta' (column 14)"],
    [
      'dt.timedelta(1) - dt.date(2026, 1, 1)',
      "- does not go with 'datetime.timedelta' and 'datetime.date' (column 28)",
    ],
    ['dt.date(2026, 1, 1) + dt.date(2026, 1, 1)', "+ does not go with 'datetime.date' and 'datetime.date' (column 32)"],
    [
      'dt.date(2026, 1, 1) - dt.datetime(2026, 1, 1)',
      "- does not go with 'datetime.date' and 'datetime.datetime' (column 32)",
    ],
    [
      'dt.datetime(2026, 1, 1) - dt.date(2026, 1, 1)',
      "- does not go with 'datetime.datetime' and 'datetime.date' (column 36)",
    ],
    ['dt.datetime(2026, 1, 1) - 1', "- does not go with 'datetime.datetime' and 'int' (column 36)"],
    [
      'dt.datetime(2026, 1, 1) - dt.datetime(2026, 1, 1, tzinfo=dt.UTC)',
      "- does not go with 'datetime.datetime' and 'datetime.datetime' (column 36)",
    ],
    [
      'dt.datetime(2026, 1, 1, tzinfo=dt.UTC) - dt.datetime(2026, 1, 1)',
      "- does not go with 'datetime.datetime' and 'datetime.datetime' (column 51)",
    ],
    ['dt.time(8) + dt.timedelta(1)', "+ does not go with 'datetime.time' and 'datetime.timedelta' (column 23)"],
    ['dt.time(8) - dt.time(7)', "- does not go with 'datetime.time' and 'datetime.time' (column 23)"],
    [
      'dt.timedelta(1) * dt.timedelta(1)',
      "* does not go with 'datetime.timedelta' and 'datetime.timedelta' (column 28)",
    ],
    ['dt.timedelta(1) * "a"', "* does not go with 'datetime.timedelta' and 'str' (column 28)"],
    ['"a" * dt.timedelta(1)', "* does not go with 'str' and 'datetime.timedelta' (column 16)"],
    ['dt.date(2026, 1, 1) * 2', "* does not go with 'datetime.date' and 'int' (column 32)"],
    ['dt.timedelta(1) / "a"', "/ does not go with 'datetime.timedelta' and 'str' (column 28)"],
    ['1 / dt.timedelta(1)', "/ does not go with 'int' and 'datetime.timedelta' (column 14)"],
    ['dt.timedelta(1) / 0', 'division by zero (column 28)'],
    ['dt.timedelta(1) / 0.0', 'division by zero (column 28)'],
    ['dt.timedelta(1) / dt.timedelta()', 'division by zero (column 28)'],
    ['dt.timedelta(1) % dt.timedelta()', 'division by zero (column 28)'],
    ['dt.timedelta(1) % 2', "% does not go with 'datetime.timedelta' and 'int' (column 28)"],
    ['2 % dt.timedelta(1)', "% does not go with 'int' and 'datetime.timedelta' (column 14)"],
    [
      'dt.timedelta(1) & dt.timedelta(1)',
      "& does not go with 'datetime.timedelta' and 'datetime.timedelta' (column 28)",
    ],
    ['dt.timedelta(1) * 1e999', 'an infinite number is no fraction (column 28)'],
    ['dt.timedelta(1) / 1e999', 'an infinite number is no fraction (column 28)'],
    ['dt.timedelta(999999999) + dt.timedelta(1)', 'a timedelta is under 1,000,000,000 days (column 36)'],
    ['dt.timedelta(-999999999) - dt.timedelta(0, 0, 1)', 'a timedelta is under 1,000,000,000 days (column 37)'],
    ['dt.datetime(9999, 12, 31) + dt.timedelta(1)', 'a date is out of the years 1 to 9999 (column 38)'],
    ['dt.date(1, 1, 1) - dt.timedelta(1)', 'a date is out of the years 1 to 9999 (column 29)'],
    ['dt.date(9999, 12, 31) + dt.timedelta(1)', 'a date is out of the years 1 to 9999 (column 34)'],
  ])('%s is refused: %s', (expression, reason) => {
    expect(() => writtenOf(expression)).toThrow(new FilterError('qb', reason))
  })
})
