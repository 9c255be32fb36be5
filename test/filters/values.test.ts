import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { areEqual, includesEqual, isOrdered, NoOrderError } from '../../shared/filters/python/comparison.ts'
import { fractionOf, roundedQuotient, sumMicros } from '../../shared/filters/python/micros.ts'
import { textOf } from '../../shared/filters/python/text.ts'
import {
  CalendarDate,
  ClockTime,
  DateTime,
  DAY,
  dayOf,
  dayOfDate,
  TimeDelta,
  TimeZone,
} from '../../shared/filters/python/times.ts'
import {
  Bytes,
  ELLIPSIS,
  isTruthy,
  itemsOf,
  lengthOf,
  numberOf,
  Tuple,
  typeName,
} from '../../shared/filters/python/values.ts'

const HOUR = DAY / 24n
const stored = (text: string): DateTime | undefined => DateTime.ofStored(text)
const dict = (...entries: [string, unknown][]): ReadonlyMap<string, unknown> => new Map(entries)

describe('the text of a value', () => {
  it.each<[unknown, string]>([
    ['a', 'a'],
    [null, 'None'],
    [ELLIPSIS, 'Ellipsis'],
    [true, 'True'],
    [false, 'False'],
    [12345678901234567890n, '12345678901234567890'],
    [NaN, 'nan'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [-1.5, '-1.5'],
    [120, '120.0'],
    [123.25, '123.25'],
    [-0.001, '-0.001'],
    [0.0001, '0.0001'],
    [0.00012, '0.00012'],
    [0.00001, '1e-05'],
    [-0.0000123, '-1.23e-05'],
    [9999999999999998, '9999999999999998.0'],
    [1e15, '1000000000000000.0'],
    [1e16, '1e+16'],
    [-1.25e22, '-1.25e+22'],
    [1e100, '1e+100'],
    [5e-324, '5e-324'],
    [[], '[]'],
    [['a', 1n, [null]], "['a', 1, [None]]"],
    [new Tuple([]), '()'],
    [new Tuple([1n]), '(1,)'],
    [new Tuple([1n, 2n]), '(1, 2)'],
    [dict(), '{}'],
    [dict(['a', 1n], ['b', ['c']]), "{'a': 1, 'b': ['c']}"],
    [new Bytes(''), "b''"],
    [new Bytes('a~ \x00\x7f\xff\n\\'), String.raw`b'a~ \x00\x7f\xff\n\\'`],
    [new Bytes("'"), `b"'"`],
    [new CalendarDate(0n), '1970-01-01'],
    [new DateTime(-1n, undefined), '1969-12-31 23:59:59.999999'],
    [new DateTime(0n, TimeZone.utc), '1970-01-01 00:00:00+00:00'],
    [new DateTime(0n, new TimeZone(-HOUR / 2n)), '1970-01-01 00:00:00-00:30'],
    [new DateTime(0n, new TimeZone(8n * HOUR + 30_000_000n)), '1970-01-01 00:00:00+08:00:30'],
    [new DateTime(0n, new TimeZone(-8n * HOUR - 5n)), '1970-01-01 00:00:00-08:00:00.000005'],
    [new ClockTime(8n * HOUR + 61_000_007n, undefined), '08:01:01.000007'],
    [new ClockTime(0n, TimeZone.utc), '00:00:00+00:00'],
    [TimeZone.utc, 'UTC'],
    [new TimeDelta(0n), '0:00:00'],
    [new TimeDelta(10n * HOUR + 1n), '10:00:00.000001'],
    [new TimeDelta(DAY), '1 day, 0:00:00'],
    [new TimeDelta(2n * DAY - 1n), '1 day, 23:59:59.999999'],
    [new TimeDelta(2n * DAY), '2 days, 0:00:00'],
    [new TimeDelta(-1n), '-1 day, 23:59:59.999999'],
    [new TimeDelta(-DAY - 1n), '-2 days, 23:59:59.999999'],
  ])('equals Python’s str(): row %#', (value, text) => {
    expect(textOf(value)).toBe(text)
  })

  it.each<[unknown, string]>([
    ['', "''"],
    ["it's", `"it's"`],
    ['"', `'"'`],
    [`'"`, String.raw`'\'"'`],
    ['\\', String.raw`'\\'`],
    ['\n\r\t', String.raw`'\n\r\t'`],
    ['a b', "'a b'"],
    ['\x00\x7f\xa0\xad', String.raw`'\x00\x7f\xa0\xad'`],
    ['\u0378', String.raw`'\u0378'`],
    ['\u0100\u200b\u3000\ue000\uffff', String.raw`'Ā\u200b\u3000\ue000\uffff'`],
    ['勇🔥\u{e0001}\u{10ffff}', String.raw`'勇🔥\U000e0001\U0010ffff'`],
    [
      stored('2026-01-01T08:00+08:00'),
      'datetime.datetime(2026, 1, 1, 8, 0, tzinfo=datetime.timezone(datetime.timedelta(seconds=28800)))',
    ],
    [
      stored('2026-01-01T08:00-08:00'),
      'datetime.datetime(2026, 1, 1, 8, 0, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=57600)))',
    ],
    [TimeZone.utc, 'datetime.timezone.utc'],
  ])('is Python’s repr() inside a list: %s is %s', (value, text) => {
    expect(textOf([value])).toBe(`[${text}]`)
  })

  it('is only defined for Python values', () => {
    expect(() => textOf(undefined)).toThrow(new TypeError('not a Python value'))
    expect(() => textOf([{}])).toThrow(new TypeError('not a Python value'))
  })
})

describe('a Python value', () => {
  it.each<[unknown, string, boolean, bigint | undefined]>([
    [null, 'NoneType', false, undefined],
    [true, 'bool', true, undefined],
    [false, 'bool', false, undefined],
    [0n, 'int', false, undefined],
    [-1n, 'int', true, undefined],
    [0, 'float', false, undefined],
    [-0, 'float', false, undefined],
    [0.5, 'float', true, undefined],
    [NaN, 'float', true, undefined],
    ['', 'str', false, 0n],
    ['é🔥', 'str', true, 2n],
    [[], 'list', false, 0n],
    [[null], 'list', true, 1n],
    [new Tuple([]), 'tuple', false, 0n],
    [new Tuple([1n, 2n]), 'tuple', true, 2n],
    [new Bytes(''), 'bytes', false, 0n],
    [new Bytes('abc'), 'bytes', true, 3n],
    [dict(), 'dict', false, 0n],
    [dict(['a', null]), 'dict', true, 1n],
    [ELLIPSIS, 'ellipsis', true, undefined],
    [new TimeDelta(0n), 'datetime.timedelta', false, undefined],
    [new TimeDelta(1n), 'datetime.timedelta', true, undefined],
    [new DateTime(0n, undefined), 'datetime.datetime', true, undefined],
    [new CalendarDate(0n), 'datetime.date', true, undefined],
    [new ClockTime(0n, undefined), 'datetime.time', true, undefined],
    [TimeZone.utc, 'datetime.timezone', true, undefined],
  ])('%s has the type %s, truthiness %s and length %s', (value, type, truthiness, length) => {
    expect([typeName(value), isTruthy(value), lengthOf(value)]).toEqual([type, truthiness, length])
  })

  it('is a number if it is an int, a float or a bool', () => {
    expect([true, false, 7n, 0.5, '1', null, [1n]].map(numberOf)).toEqual([
      1n,
      0n,
      7n,
      0.5,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('has items if it is a list or a tuple', () => {
    expect([[1n], new Tuple([2n]), 'ab', dict(['a', 1n])].map(itemsOf)).toEqual([[1n], [2n], undefined, undefined])
  })

  it.each<[unknown, unknown, boolean]>([
    [dict(['a', 1n]), dict(['a', 1]), true],
    [dict(['a', 1n], ['b', 2n]), dict(['b', 2n], ['a', 1n]), true],
    [dict(['a', 1n]), dict(['a', 2n]), false],
    [dict(['a', 1n]), dict(['a', 1n], ['b', 2n]), false],
    [dict(['a', undefined]), dict(['b', 1n]), false],
    [dict(['a', null]), dict(['b', null]), false],
    [dict(), [], false],
    [dict(), null, false],
    [null, dict(), false],
    [[], dict(), false],
    [NaN, NaN, false],
    [new TimeZone(HOUR), new TimeZone(HOUR), true],
    [new TimeZone(HOUR), new TimeZone(-HOUR), false],
    [TimeZone.utc, 0n, false],
    [new ClockTime(9n * HOUR, new TimeZone(HOUR)), new ClockTime(8n * HOUR, TimeZone.utc), true],
    [new ClockTime(8n * HOUR, TimeZone.utc), new ClockTime(9n * HOUR, new TimeZone(HOUR)), true],
    [new ClockTime(9n * HOUR, new TimeZone(HOUR)), new ClockTime(9n * HOUR, TimeZone.utc), false],
    [new ClockTime(0n, undefined), new ClockTime(0n, TimeZone.utc), false],
    [new TimeDelta(0n), 0n, false],
    [new Bytes('a'), 'a', false],
    [new DateTime(HOUR, new TimeZone(HOUR)), new DateTime(0n, TimeZone.utc), true],
    [new DateTime(0n, TimeZone.utc), new DateTime(HOUR, new TimeZone(HOUR)), true],
    [new DateTime(0n, undefined), new DateTime(0n, TimeZone.utc), false],
    [new DateTime(0n, undefined, true), new DateTime(0n, TimeZone.utc), true],
    [new DateTime(0n, undefined), new DateTime(0n, TimeZone.utc, true), false],
    [new DateTime(0n, TimeZone.utc), new DateTime(0n, undefined, true), true],
    [new DateTime(0n, TimeZone.utc, true), new DateTime(0n, undefined), false],
    [new DateTime(0n, undefined), new DateTime(0n, undefined, true), true],
  ])('is compared: %s == %s is %s', (a, b, equal) => {
    expect(areEqual(a, b)).toBe(equal)
  })

  it('is in a list if an item is equal', () => {
    expect(includesEqual([1n, 'a'], 1)).toBe(true)
    expect(includesEqual([1n, 'a'], 'b')).toBe(false)
    expect(includesEqual([], null)).toBe(false)
  })

  it.each<[unknown, unknown, string]>([
    [dict(), dict(), "'<' not supported between instances of 'dict' and 'dict'"],
    [
      new DateTime(0n, TimeZone.utc, true),
      new DateTime(0n, undefined),
      "can't compare offset-naive and offset-aware datetimes",
    ],
    [new DateTime(0n, undefined), 1n, "'<' not supported between instances of 'datetime.datetime' and 'int'"],
    [1n, new DateTime(0n, undefined), "'<' not supported between instances of 'int' and 'datetime.datetime'"],
  ])('is compared: %s < %s is rejected: %s', (a, b, reason) => {
    expect(() => isOrdered(a, '<', b)).toThrow(new NoOrderError(reason))
  })

  it('has no order if it is NaN', () => {
    expect((['<', '<=', '>', '>='] as const).map((order) => isOrdered(NaN, order, 1n))).toEqual(Array(4).fill(false))
  })
})

describe('a time', () => {
  it('is read from a resource with or without an offset', () => {
    expect(stored('2026-01-01T08:00:00.5+08:00')).toEqual(
      new DateTime(dayOfDate(2026, 1, 1) * DAY + 8n * HOUR + 500_000n, new TimeZone(8n * HOUR), true),
    )
    expect(stored('1969-12-31T23:59:59.999999')).toEqual(new DateTime(-1n, undefined, true))
    expect(stored('1970-01-01T00:00:00Z')?.zone).toEqual(TimeZone.utc)
    expect(new DateTime(0n, undefined).stored).toBe(false)
    expect(stored('yesterday')).toBeUndefined()
  })

  it('must be in the years 1 to 9999', () => {
    const [first, end] = [dayOfDate(1, 1, 1), dayOfDate(9999, 12, 31) + 1n]
    const expected = new RangeError('the date is outside the years 1 to 9999')
    expect([first, end]).toEqual([-719_162n, 2_932_897n])
    expect(new CalendarDate(first).toString()).toBe('0001-01-01')
    expect(() => new CalendarDate(first - 1n)).toThrow(expected)
    expect(new CalendarDate(end - 1n).toString()).toBe('9999-12-31')
    expect(() => new CalendarDate(end)).toThrow(expected)
    expect(() => new DateTime(first * DAY - 1n, undefined)).toThrow(expected)
    expect(new DateTime(end * DAY - 1n, undefined).toString()).toBe('9999-12-31 23:59:59.999999')
  })

  it('must have an offset of less than a day', () => {
    const expected = new RangeError('a UTC offset must be less than 24 hours')
    expect([new TimeZone(DAY - 1n).offset, new TimeZone(1n - DAY).offset]).toEqual([DAY - 1n, 1n - DAY])
    expect(() => new TimeZone(DAY)).toThrow(expected)
    expect(() => new TimeZone(-DAY)).toThrow(expected)
  })

  it('is on the day that began before it', () => {
    expect([0n, DAY - 1n, DAY, -1n, -DAY, -DAY - 1n].map(dayOf)).toEqual([0n, 0n, 1n, -1n, -1n, -2n])
  })
})

describe('arithmetic of microseconds', () => {
  it('rounds half to even', () => {
    const numerators = [-5n, -3n, -1n, 1n, 3n, 5n]
    expect(numerators.map((numerator) => roundedQuotient(numerator, 2n))).toEqual([-2n, -2n, 0n, 0n, 2n, 2n])
    expect(numerators.map((numerator) => roundedQuotient(numerator, -2n))).toEqual([2n, 2n, 0n, 0n, -2n, -2n])
    expect([4n, 5n, 7n, -4n, -5n].map((numerator) => roundedQuotient(numerator, 3n))).toEqual([1n, 2n, 2n, -1n, -2n])
    expect(() => roundedQuotient(1n, 0n)).toThrow(new RangeError('division by zero'))
  })

  it('sums fractions before it rounds', () => {
    expect(sumMicros([])).toBe(0n)
    expect(
      sumMicros([
        [0.5, 1n],
        [0.0005, 1000n],
        [2n, DAY],
      ]),
    ).toBe(2n * DAY + 1n)
    expect(sumMicros([[-1.5, 1n]])).toBe(-2n)
    expect(sumMicros([[1e15 + 0.125, 1000n]])).toBe(10n ** 18n + 125n)
  })

  it('converts a float to an exact fraction in lowest terms', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const [numerator, denominator] = fractionOf(number)
        // The denominator is the smallest possible power of two.
        expect(denominator & (denominator - 1n)).toBe(0n)
        expect(denominator === 1n || numerator % 2n !== 0n).toBe(true)
        if (denominator < 1n << 1000n) expect(Number(numerator) / Number(denominator)).toBe(number === 0 ? 0 : number)
      }),
    )
    for (const number of [NaN, Infinity, -Infinity])
      expect(() => fractionOf(number)).toThrow(new RangeError('cannot convert infinity or NaN to a fraction'))
  })
})
