import { describe, expect, it } from 'vitest'
import type { Condition } from '../../shared/filters/condition.ts'
import { FilterError } from '../../shared/filters/errors.ts'
import { textOf } from '../../shared/filters/python/text.ts'
import { FIELD_METHODS } from '../../shared/filters/qb/field-methods.ts'
import { explainUnsupportedMethod, QUERY_METHODS } from '../../shared/filters/qb/query.ts'
import { readQb } from '../../shared/filters/qb/read-qb.ts'
import { uniqueNames } from '../../shared/filters/qb/unique-names.ts'

/** A Wednesday; in the zone +08:00 already the next day. */
const NOW = new Date('2027-12-15T20:00:00Z')

/** Formats a condition in one line: `a eq 1`, `len a eq 1`, `any a eq 1`, `(a eq 1 and not b eq 2)`. */
const format = (condition: Condition | undefined): string => {
  if (condition === undefined) return 'all'
  if (condition.kind === 'field') {
    const { field, operator, value, length, quantifier } = condition
    return `${length ? 'len ' : ''}${quantifier === undefined ? '' : `${quantifier} `}${field} ${operator} ${textOf(value)}`
  }
  if (condition.kind === 'not') return `not ${condition.conditions.map(format).join(' ')}`
  return `(${condition.conditions.map(format).join(` ${condition.kind} `)})`
}
const TRUTHY = '(a is_null False and a ne False and a ne 0 and a ne  and a ne [])'

describe('expressions of qb', () => {
  it.each([
    ['QB["a"]', TRUTHY],
    ['QB["a"].length()', TRUTHY],
    ['QB["a"].is_truthy()', TRUTHY],
    ['QB["a"].is_falsy()', `not ${TRUTHY}`],
    ['~QB["a"]', `not ${TRUTHY}`],
    ['~(QB["a"] == 1)', 'not a eq 1'],
    ...['==', '!=', '<', '<=', '>', '>='].flatMap((sign, k) => {
      const names = ['eq', 'ne', 'lt', 'lte', 'gt', 'gte']
      const mirrored = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte']
      return [
        [`QB["a"] ${sign} 1`, `a ${names[k]} 1`],
        [`1 ${sign} QB["a"]`, `a ${mirrored[k]} 1`],
        [`QB["a"].length() ${sign} 1`, `len a ${names[k]} 1`],
        [`QB["a"].${names[k]}(1)`, `a ${names[k]} 1`],
      ]
    }),
    ['(QB["a"].length() == 1) == 2', 'a eq 2'],
    ['QB["a"] % "x"', 'a regex x'],
    ['QB["a"] << [1]', 'a in [1]'],
    ['QB["a"] >> "x"', 'a contains x'],
    ['(QB["a"] == 1) & (QB["b"] == 2)', '(a eq 1 and b eq 2)'],
    ['(QB["a"] == 1) | (QB["b"] == 2)', '(a eq 1 or b eq 2)'],
    ['QB.all() & (QB["b"] == 2)', 'b eq 2'],
    ['(QB["b"] == 2) | QB.all()', 'b eq 2'],
    ['QB.all() & QB.all()', 'all'],
    ['QB.all(QB["a"])', TRUTHY],
    ['QB.all(QB["a"]) == 1', 'a eq 1'],
    ['QB.all(QB["a"] == 1, QB["b"] == 2)', '(a eq 1 and b eq 2)'],
    ['QB.any(QB["a"] == 1, QB["b"] == 2, QB.all())', '(a eq 1 or b eq 2)'],
    ['QB.any(QB["a"] == 1)', 'a eq 1'],
    ['(QB["a"] == 1).and_(QB["b"] == 2)', '(a eq 1 and b eq 2)'],
    ['(QB["a"] == 1).or_(other=QB["b"] == 2)', '(a eq 1 or b eq 2)'],
    ['(QB["a"] == 1).filter()', 'a eq 1'],
    ['(QB["a"] == 1).filter(QB["b"] == 2, QB["c"] == 3)', '((a eq 1 and b eq 2) and c eq 3)'],
    ['(QB["a"] == 1).exclude(QB["b"] == 2, QB["c"] == 3)', '((a eq 1 and not b eq 2) and not c eq 3)'],
    ['QB["a"].contains("x")', 'a contains x'],
    ['QB["a"].starts_with("x")', 'a starts_with x'],
    ['QB["a"].ends_with("x")', 'a ends_with x'],
    ['QB["a"].not_contains("x")', 'not a contains x'],
    ['QB["a"].not_starts_with("x")', 'not a starts_with x'],
    ['QB["a"].not_ends_with("x")', 'not a ends_with x'],
    ['QB["a"].regex("x")', 'a regex x'],
    ['QB["a"].match("x")', 'a regex x'],
    ['QB["a"].in_([1])', 'a in [1]'],
    ['QB["a"].one_of([1])', 'a in [1]'],
    ['QB["a"].not_in([1])', 'a not_in [1]'],
    ['QB["a"].icontains("a.b")', String.raw`a regex (?i)a\.b`],
    ['QB["a"].istarts_with("a b")', String.raw`a regex (?i)^a\ b`],
    ['QB["a"].iends_with("(a)")', String.raw`a regex (?i)\(a\)$`],
    [
      String.raw`QB["a"].icontains("()[]{}?*+-|^$\\.&~# \t\n\r\v\f")`,
      `a regex (?i)${'()[]{}?*+-|^$\\.&~# \t\n\r\v\f'.replace(/[^]/g, '\\$&')}`,
    ],
    ['QB["a"].icontains("a_\'\\"!,/:;<=>@`%é")', 'a regex (?i)a_\'"!,/:;<=>@`%é'],
    ['QB["a"].between(1, 2)', '(a gte 1 and a lte 2)'],
    ['QB["a"].in_range(max_val=2, min_val=1)', '(a gte 1 and a lte 2)'],
    ['QB["a"].is_null()', 'a is_null True'],
    ['QB["a"].is_null(False)', 'a is_null False'],
    ['QB["a"].exists()', 'a exists True'],
    ['QB["a"].isna()', 'a isna True'],
    ['QB["a"].isna(value=False)', 'a isna False'],
    ['QB["a"].is_not_null()', 'a is_null False'],
    ['QB["a"].has_value()', 'a is_null False'],
    ['QB["a"].is_true()', 'a eq True'],
    ['QB["a"].is_false()', 'a eq False'],
    ['QB["a"].is_empty()', '(a eq  or a is_null True)'],
    ['QB["a"].length().is_empty()', '(a eq  or a is_null True)'],
    ['QB["a"].is_blank()', String.raw`(a eq  or a is_null True or a regex ^\s*$)`],
    ['QB["a"].any().eq(1)', 'any a eq 1'],
    ['QB["a"].all().ne(1)', 'all a ne 1'],
    ['QB["a"].any().contains("x")', 'any a contains x'],
    ['QB["a"].any().starts_with("x")', 'any a starts_with x'],
    ['QB["a"].any().ends_with("x")', 'any a ends_with x'],
    ['QB["a"].any().regex("x")', 'any a regex x'],
    ['QB["a"].any().match("x")', 'any a regex x'],
    ['QB["a"].all().icontains("x")', 'all a regex (?i)x'],
    ['QB["a"].all().istarts_with("x")', 'all a regex (?i)^x'],
    ['QB["a"].all().iends_with("x")', 'all a regex (?i)x$'],
    ['QB["a"].length().any().eq(1)', 'len any a eq 1'],
    ['QB["a"].like("x%")', 'a starts_with x'],
    ['QB["a"].like("%x")', 'a ends_with x'],
    ['QB["a"].like("%x%")', 'a contains x'],
    ['QB["a"].like("x")', 'a regex ^x$'],
    ['QB["a"].like("a%b%")', 'a starts_with a%b'],
    ['QB["a"].like("%")', 'a regex ^.*$'],
    ['QB["a"].like("%%")', 'a regex ^.*.*$'],
    ['QB["a"].like("%🔥%")', 'a contains 🔥'],
    ['QB["a"].like("a_%.b_")', String.raw`a regex ^a..*\.b.$`],
    ['QB["a"].like(pattern="_x%")', 'a regex ^.x.*$'],
    ...[
      'resource_id current_revision_id created_time updated_time created_by updated_by is_deleted schema_version',
      'total_revision_count rev_status rev_created_by rev_updated_by rev_created_time rev_updated_time',
    ].flatMap((names) => names.split(' ').map((name) => [`QB.${name}() == 1`, `${name} eq 1`])),
  ])('evaluates %s to %s', (qb, condition) => {
    expect(format(readQb(qb, NOW))).toBe(condition)
  })

  it.each([
    ['today()', '2027-12-15 00:00:00+00:00', '2027-12-15 23:59:59.999999+00:00'],
    ['today(8)', '2027-12-16 00:00:00+08:00', '2027-12-16 23:59:59.999999+08:00'],
    ['today("8")', '2027-12-16 00:00:00+08:00', '2027-12-16 23:59:59.999999+08:00'],
    ['today(" -23 ")', '2027-12-14 00:00:00-23:00', '2027-12-14 23:59:59.999999-23:00'],
    ['today(23)', '2027-12-16 00:00:00+23:00', '2027-12-16 23:59:59.999999+23:00'],
    ['yesterday(tz="+8")', '2027-12-15 00:00:00+08:00', '2027-12-15 23:59:59.999999+08:00'],
    ['this_week()', '2027-12-13 00:00:00+00:00', '2027-12-19 23:59:59.999999+00:00'],
    ['this_week(None, 2)', '2027-12-15 00:00:00+00:00', '2027-12-21 23:59:59.999999+00:00'],
    ['this_week(None, 3)', '2027-12-09 00:00:00+00:00', '2027-12-15 23:59:59.999999+00:00'],
    ['this_week(week_start=-1)', '2027-12-12 00:00:00+00:00', '2027-12-18 23:59:59.999999+00:00'],
    ['this_month()', '2027-12-01 00:00:00+00:00', '2027-12-31 23:59:59.999999+00:00'],
    ['this_year(dt.UTC)', '2027-01-01 00:00:00+00:00', '2027-12-31 23:59:59.999999+00:00'],
  ])('evaluates .%s in December to the days from %s to %s', (method, first, last) => {
    expect(format(readQb(`QB["a"].${method}`, NOW))).toBe(`(a gte ${first} and a lte ${last})`)
  })

  it.each([
    ['QB["a"].any()', 'expected a condition, but found .any() without a comparison (column 1)'],
    ['QB["a"].eq', 'expected a condition, but found eq without parentheses (column 9)'],
    ['QB', 'expected a condition, but found QB (column 1)'],
    ['"x"', "expected a condition, but found 'str' (column 1)"],
    ['QB["a"].any().gt(1)', '.any() without a comparison has no .gt in qb (column 15)'],
    ['QB["a"].any().like("x")', '.any() without a comparison has no .like in qb (column 15)'],
    ['QB["a"].all().filter()', '.all() without a comparison has no .filter in qb (column 15)'],
    ['QB["a"].any() == 1', '.any() without a comparison cannot be compared: compare a field (column 15)'],
    ['QB.all() == 1', 'a condition cannot be compared: compare a field (column 10)'],
    ['(QB["a"] & QB["b"]) == 1', 'a condition cannot be compared: compare a field (column 21)'],
    ['QB["a"] == (QB["b"] == 1)', 'expected a value, but found a condition (column 9)'],
    ['QB["a"] + 1', 'expected a value, but found the field a (column 9)'],
    ['1 + QB["a"]', 'expected a value, but found the field a (column 3)'],
    ['1 << QB["a"]', 'expected a value, but found the field a (column 3)'],
    ['QB["a"] << QB["b"]', 'expected a value, but found the field b (column 9)'],
    ['-QB["a"]', 'expected a value, but found the field a (column 1)'],
    ['[QB["a"]]', 'expected a value, but found the field a (column 2)'],
    ['(1, QB["a"])', 'expected a value, but found the field a (column 5)'],
    [
      'QB["a"] & 1',
      '`&` needs a condition on both sides; `&` binds tighter than `==` and `>`, so write parentheses around comparisons (column 9)',
    ],
    [
      '1 | QB["a"]',
      '`|` needs a condition on both sides; `|` binds tighter than `==` and `>`, so write parentheses around comparisons (column 3)',
    ],
    ['QB["a"] & QB', 'expected a condition, but found QB (column 9)'],
    ['~QB["a"].any()', 'expected a condition, but found .any() without a comparison (column 1)'],
    ['~QB.all()', 'QB.all() cannot be negated: it would match nothing (column 1)'],
    ['QB["a"].filter(1)', "expected a condition, but found 'int' (column 1)"],
    ['QB["a"].filter(x=1)', 'filter() accepts no named arguments (column 1)'],
    ['QB.any()', 'QB.any() requires at least one condition (column 1)'],
    ['QB.all(1)', "expected a condition, but found 'int' (column 1)"],
    ['QB.created_time(1)', 'QB.created_time() accepts at most 0 positional arguments, but got 1 (column 1)'],
    ['QB["a"].eq(1, value=1)', 'eq() got more than one value for value (column 1)'],
    ['QB["a"].eq()', 'eq() requires the argument value (column 1)'],
    ['QB["a"].eq(1, 2)', 'eq() accepts at most 1 positional arguments, but got 2 (column 1)'],
    ['QB["a"].eq(x=1)', 'eq() has no parameter x (column 1)'],
    ['QB["a"].like(1)', "expected a string, but found 'int' (column 1)"],
    ['QB["a"].icontains(1)', "expected a string, but found 'int' (column 1)"],
    ['QB["a"].any().icontains(1)', "expected a string, but found 'int' (column 1)"],
    ['QB["a"].today(24)', 'tz must be dt.timezone.utc or hours from UTC, such as 8 or "-4" (column 1)'],
    ['QB["a"].today(-24)', 'tz must be dt.timezone.utc or hours from UTC, such as 8 or "-4" (column 1)'],
    ['QB["a"].today(8.0)', 'tz must be dt.timezone.utc or hours from UTC, such as 8 or "-4" (column 1)'],
    ['QB["a"].today("x8")', 'tz must be dt.timezone.utc or hours from UTC, such as 8 or "-4" (column 1)'],
    ['QB["a"].today("8x")', 'tz must be dt.timezone.utc or hours from UTC, such as 8 or "-4" (column 1)'],
    ['QB["a"].this_week(week_start=1.0)', 'week_start must be a whole number (column 1)'],
    ['QB["a"].last_n_days(1e999)', 'n must be a finite number (column 1)'],
    ['QB["a"].last_n_days(None)', 'n must be a finite number (column 1)'],
    ['QB["a"].last_n_days(10 ** 2)', '`**` is not supported in qb (column 24)'],
    ['QB["a"].last_n_days(1 << 40)', 'the date is outside the years 1 to 9999 (column 1)'],
    ['QB[1]', 'the name of a field must be a string (column 1)'],
    ['dt["a"]', 'dt cannot have brackets: write a nested field as one name, such as QB["a.b"] (column 1)'],
    ['QB.x', '`QB.x` is not supported in qb: write a field as QB["x"] (column 4)'],
    ['dt.x', '`dt.x` is not supported in qb (column 4)'],
    ['QB()', 'QB cannot be called (column 1)'],
    ['"x"()', "'str' cannot be called (column 1)"],
    ['x', 'unknown name x: write a field as QB["x"] (column 1)'],
    ['(1).real', "'int' has no .real in qb (column 5)"],
    ...['cosine', 'l2', 'ip'].map((name) => [
      `QB["a"].${name}(1)`,
      `\`.${name}()\` is not supported: there is no vector index (column 9)`,
    ]),
    ...['fuzzy', 'similarity'].map((name) => [
      `QB["a"].${name}(1)`,
      `\`.${name}()\` is not supported: there is no trigram index (column 9)`,
    ]),
    ...['sort', 'order_by', 'limit', 'offset', 'page', 'first', 'asc', 'desc'].map((name) => [
      `QB["a"].${name}(1)`,
      `\`.${name}()\` is not supported: it belongs to search, and a backup contains everything that matches (column 9)`,
    ]),
  ])('rejects %s: %s', (qb, reason) => {
    expect(() => readQb(qb, NOW)).toThrow(new FilterError('qb', reason))
  })

  it('reports an invalid regular expression at the operator %', () => {
    expect(() => readQb('QB["a"] % "["', NOW)).toThrow(FilterError)
    expect(() => readQb('QB["a"] % "["', NOW)).toThrow(/\(column 9\)$/)
  })
})

describe('the names of methods', () => {
  it('cannot be defined twice, because the second definition would replace the first', () => {
    expect(() =>
      uniqueNames('methods of a field', [
        ['not_starts_with', 1],
        ['starts_with', 2],
        ['not_starts_with', 3],
      ]),
    ).toThrow('methods of a field: the name not_starts_with is defined twice.')
  })

  it('of fields are not names of methods of conditions or of unsupported methods, which take precedence', () => {
    const shadowed = [...FIELD_METHODS.keys()].filter(
      (name) => QUERY_METHODS.has(name) || explainUnsupportedMethod(name) !== undefined,
    )
    expect(shadowed).toEqual([])
  })
})
