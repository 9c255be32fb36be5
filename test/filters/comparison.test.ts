import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { must } from '../../shared/values/must.ts'
import { reprOf, rows } from './python-repr.ts'

describe('a comparison of values', () => {
  it.each(
    rows(String.raw`
      1 == 1.0 ⇒ True
      1 == True ⇒ True
      1 == 2 ⇒ False
      9007199254740993 == 9007199254740992.0 ⇒ False
      9007199254740993 > 9007199254740992.0 ⇒ True
      1 != 1.0 ⇒ False
      1 != 2 ⇒ True
      1e999 - 1e999 == 1e999 - 1e999 ⇒ False
      1 == "1" ⇒ False
      "a" == "a" ⇒ True
      "a" != "b" ⇒ True
      None == None ⇒ True
      None == False ⇒ False
      ... == ... ⇒ True
      [1, 2] == [1.0, 2] ⇒ True
      [1, 2] == [1] ⇒ False
      [1] == [1, 2] ⇒ False
      [1, 2] == [1, 3] ⇒ False
      [] == [] ⇒ True
      [1] == (1,) ⇒ False
      (1,) == (1,) ⇒ True
      (1,) == (2,) ⇒ False
      (1,) == (1, 2) ⇒ False
      b"a" == b"a" ⇒ True
      b"a" == b"b" ⇒ False
      b"a" == "a" ⇒ False
      dt.date(2026, 1, 1) == dt.date(2026, 1, 1) ⇒ True
      dt.date(2026, 1, 1) == dt.date(2026, 1, 2) ⇒ False
      dt.date(2026, 1, 1) == dt.datetime(2026, 1, 1) ⇒ False
      dt.time(8) == dt.time(8) ⇒ True
      dt.time(8) == dt.time(9) ⇒ False
      dt.time(8) == dt.time(8, tzinfo=dt.UTC) ⇒ False
      dt.time(8, tzinfo=dt.UTC) == dt.time(8, tzinfo=dt.UTC) ⇒ True
      dt.timedelta(1) == dt.timedelta(hours=24) ⇒ True
      dt.timedelta(1) == dt.timedelta(2) ⇒ False
      dt.UTC == dt.timezone.utc ⇒ True
      dt.UTC == None ⇒ False
      dt.datetime(2026, 1, 1) == dt.datetime(2026, 1, 1) ⇒ True
      dt.datetime(2026, 1, 1) != dt.datetime(2026, 1, 1, tzinfo=dt.UTC) ⇒ True
      2 > 1 ⇒ True
      1 > 1 ⇒ False
      1 >= 1 ⇒ True
      0 >= 1 ⇒ False
      1 < 2 ⇒ True
      1 < 1 ⇒ False
      1 <= 1 ⇒ True
      2 <= 1 ⇒ False
      "a" < "b" ⇒ True
      "b" < "a" ⇒ False
      "\uffff" < "\U00010000" ⇒ True
      [1, 2] < [1, 3] ⇒ True
      [1, 3] < [1, 2] ⇒ False
      [1] < [1, 2] ⇒ True
      [1, 2] < [1] ⇒ False
      [1, 2] <= [1, 2] ⇒ True
      [1, 2] < [1, 2] ⇒ False
      [2] > [1, 9] ⇒ True
      [1, "a"] < [2, 3] ⇒ True
      (1, 2) < (1, 3) ⇒ True
      (1, 2) > (1,) ⇒ True
      (1,) >= (1,) ⇒ True
      b"a" < b"b" ⇒ True
      b"b" <= b"a" ⇒ False
      dt.date(2026, 1, 1) < dt.date(2026, 1, 2) ⇒ True
      dt.time(8) < dt.time(8, 0, 0, 1) ⇒ True
      dt.timedelta(1) > dt.timedelta(hours=23) ⇒ True
      dt.datetime(2026, 1, 1) < dt.datetime(2026, 1, 1, 0, 0, 0, 1) ⇒ True
      dt.datetime(2026, 1, 1, tzinfo=dt.UTC) >= dt.datetime(2026, 1, 1, tzinfo=dt.UTC) ⇒ True
    `),
  )('evaluates %s to %s', (expression, repr) => {
    expect(reprOf(must(expression))).toBe(repr)
  })

  it.each([
    ['1 < "a"', "'<' not supported between instances of 'int' and 'str' (column 14)"],
    ['"a" >= 1', "'>=' not supported between instances of 'str' and 'int' (column 16)"],
    ['None < None', "'<' not supported between instances of 'NoneType' and 'NoneType' (column 17)"],
    ['[1] < (1,)', "'<' not supported between instances of 'list' and 'tuple' (column 16)"],
    ['[1, "a"] < [1, 2]', "'<' not supported between instances of 'str' and 'int' (column 21)"],
    ['b"a" < "a"', "'<' not supported between instances of 'bytes' and 'str' (column 17)"],
    ['(1,) > ((1,),)', "'>' not supported between instances of 'int' and 'tuple' (column 17)"],
    ['... > 1', "'>' not supported between instances of 'ellipsis' and 'int' (column 16)"],
    [
      'dt.UTC < dt.UTC',
      "'<' not supported between instances of 'datetime.timezone' and 'datetime.timezone' (column 19)",
    ],
    [
      'dt.date(2026, 1, 1) < dt.datetime(2026, 1, 1)',
      "'<' not supported between instances of 'datetime.date' and 'datetime.datetime' (column 32)",
    ],
    [
      'dt.time(8) < dt.timedelta(1)',
      "'<' not supported between instances of 'datetime.time' and 'datetime.timedelta' (column 23)",
    ],
    [
      'dt.time(8) < dt.time(8, tzinfo=dt.UTC)',
      "'<' not supported between instances of 'datetime.time' and 'datetime.time' (column 23)",
    ],
    [
      'dt.datetime(2026, 1, 1) < dt.datetime(2026, 1, 1, tzinfo=dt.UTC)',
      "can't compare offset-naive and offset-aware datetimes (column 36)",
    ],
    [
      'dt.datetime(2026, 1, 1, tzinfo=dt.UTC) < dt.datetime(2026, 1, 1)',
      "can't compare offset-naive and offset-aware datetimes (column 51)",
    ],
    ['True < 1.5 < "a"', "'<' not supported between instances of 'bool' and 'str' (column 23)"],
    ['1 <= False < []', "'<' not supported between instances of 'bool' and 'list' (column 23)"],
  ])('rejects %s: %s', (expression, reason) => {
    expect(() => reprOf(expression)).toThrow(new FilterError('qb', reason))
  })
})
