import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { evaluate, MISSING } from '../../shared/filters/evaluate.ts'
import { DateTime } from '../../shared/filters/python/times.ts'
import { readQb } from '../../shared/filters/qb/read-qb.ts'

/** Sunday, the last day of February; in the zone +08:00 already Monday, the first day of March. */
const NOW = new Date('2027-02-28T20:00:00Z')

const outcomeOf = (qb: string, values: Readonly<Record<string, unknown>>): unknown => {
  const condition = readQb(qb, NOW)
  return condition === undefined ? true : evaluate(condition, (field) => (field in values ? values[field] : MISSING))
}
const at = (text: string): Record<string, unknown> => ({ created_time: DateTime.ofStored(text) })

describe('an expression of qb', () => {
  it.each([
    ['QB["a"] == 5.', 5n, true],
    ['QB["a"] == 2.e-07', 2e-7, true],
    ['QB["a"] == -2.E+0_1*3 ', -60, true],
    ['QB["a"] == "2.e-07" # 2.e-07', '2.e-07', true],
    ['QB["a"] << [1.e-3,2.e3,2.]', 2e3, true],
    ['QB["a"] == 0x1_F', 31n, true],
    ['QB["a"] == 0b101 + 0o17', 20n, true],
    ['QB["a"] == -7 % 4', 1n, true],
    ['QB["a"] == 7 / 2', 3.5, true],
    ['QB["a"] == 9007199254740993', 9007199254740992n, false],
    ['QB["a"] == 9007199254740992.0', 9007199254740992n, true],
    ['QB["a"] == "x" "y"', 'xy', true],
    ['QB["a"] == r"\\n" \'\\n\'', '\\n\n', true],
    ['QB["a"] == """two\nlines"""', 'two\nlines', true],
    ['QB["a"] == "\\x41\\u52c7\\U0001F525\\101\\s"', 'A勇🔥A\\s', true],
    ['QB["a"] == "a\\\nb"', 'ab', true],
    ['QB["a"] == [1, (2,)]', [1n], false],
    ['QB["a"] << (1, 2)', 2n, true],
    ['QB["a"] >> 1', 21.5, true],
    ['QB["a"] % "^2"', 21.5, true],
    ['1 < QB["a"] <= 20', 0n, true],
    ['(QB["a"] > 10) == 5', 5n, true],
    ['QB["a"].length()', [], false],
    ['QB["a"].length() == 2', '🔥é', true],
    ['QB["a"].any().icontains("PV")', ['x', 'pvp'], true],
    ['QB["a"].all().starts_with("p")', [], true],
    ['QB["a"].like("a_c%")', 'abcd', true],
    ['QB["a"].like("50%")', '50 %', true],
    ['~QB["a"]', null, true],
    ['~(QB["a"] == 1)', null, null],
    ['QB["b"].is_falsy()', 1n, null],
    ['QB.all()', 1n, true],
    ['QB["a"].gt(1).exclude(QB["a"] > 5)', 3n, true],
    ['( # why\n QB["a"]\n == 1)', 1n, true],
  ])('evaluates %s for %s to %s', (qb, value, outcome) => {
    expect(outcomeOf(qb, { a: value })).toBe(outcome)
  })

  it.each([
    ['today()', '2027-02-28T00:00:00Z', '2027-02-28T23:59:59.999999Z'],
    ['today("+8")', '2027-02-28T16:00:00Z', '2027-03-01T15:59:59.999999Z'],
    ['yesterday(dt.UTC)', '2027-02-27T00:00:00Z', '2027-02-27T23:59:59.999999Z'],
    ['this_week()', '2027-02-22T00:00:00Z', '2027-02-28T23:59:59.999999Z'],
    ['this_week(week_start=6)', '2027-02-28T00:00:00Z', '2027-03-06T23:59:59.999999Z'],
    ['this_month()', '2027-02-01T00:00:00Z', '2027-02-28T23:59:59.999999Z'],
    ['this_month(8)', '2027-02-28T16:00:00Z', '2027-03-31T15:59:59.999999Z'],
    ['this_year()', '2027-01-01T00:00:00Z', '2027-12-31T23:59:59.999999Z'],
    ['last_n_days(7)', '2027-02-22T00:00:00Z', '9999-12-31T23:59:59.999999Z'],
    ['last_n_days(2.0)', '2027-02-27T00:00:00Z', '9999-12-31T23:59:59.999999Z'],
    ['last_n_days(1.5)', '2027-02-28T00:00:00Z', '9999-12-31T23:59:59.999999Z'],
    ['last_n_days(1.9)', '2027-02-27T00:00:00Z', '9999-12-31T23:59:59.999999Z'],
    ['last_n_days(1.5, 8)', '2027-02-27T16:00:00Z', '9999-12-31T23:59:59.999999Z'],
    ['last_n_days(True)', '2027-02-28T00:00:00Z', '9999-12-31T23:59:59.999999Z'],
  ])('limits .%s to the time from %s to %s', (method, first, last) => {
    const isIn = (text: string): unknown => outcomeOf(`QB.created_time().${method}`, at(text))
    expect([isIn(first), isIn(last)]).toEqual([true, true])
    const before = `${new Date(Date.parse(first) - 1).toISOString().slice(0, -1)}999Z`
    expect(isIn(before)).toBe(false)
    if (!last.startsWith('9999')) expect(isIn(new Date(Date.parse(last) + 1).toISOString())).toBe(false)
  })

  it('compares times of the metadata as instants, and reads a time without a zone as UTC', () => {
    const qb = 'QB.created_time() == dt.datetime(2026, 1, 1, 8, tzinfo=dt.timezone.utc) - dt.timedelta(hours=8)'
    expect(outcomeOf(qb, at('2026-01-01T08:00:00+08:00'))).toBe(true)
    expect(outcomeOf(qb, at('2026-01-01T00:00:00'))).toBe(true)
    expect(outcomeOf('QB.created_time().contains("+08:00")', at('2026-01-01T08:00:00.5+08:00'))).toBe(true)
    expect(outcomeOf('QB.created_time() == dt.datetime(2026, 1, 1)', at('2026-01-01T00:00:00Z'))).toBe(false)
    expect(() => outcomeOf('QB.created_time() > dt.datetime(2026, 1, 1)', at('2026-01-01T00:00:00Z'))).toThrow('naive')
  })

  it.each([
    ['QB["a"] >', 'ends too early (column 10)'],
    ['QB["é🔥"] == x', 'unknown name x: write a field as QB["x"] (column 13)'],
    ['(QB["a"]\n  == 1 and QB["b"])', '`and` is not supported in qb: write (…) & (…) (line 2, column 8)'],
    ['QB["a"] > 1 & QB["b"] > 2', 'binds tighter than `==` and `>`'],
    ['QB["a"] in [1]', '.in_([…])'],
    ['QB["a"] == f"x"', 'an f-string'],
    ['QB["a"] == 2 ** 3', '`**` is not supported in qb (column 14)'],
    ['QB["a"] == 1j', 'complex'],
    ['QB["a"] == 2.e-07j', 'complex'],
    ['QB["a"] == 2.e-07 and 1', '`and` is not supported in qb: write (…) & (…) (column 19)'],
    ['QB["a"] == 2.0.e-07', 'is not a valid number'],
    ['QB["a"] == 2.e-7x', 'unexpected "x"'],
    ['QB["a"] == "\\ud83d"', 'half of a surrogate pair'],
    ['QB["a"] == "\\ud83d\\udd25"', '\\U and eight digits'],
    ['QB["a"] == "\\U0000dd25"', 'half of a surrogate pair'],
    ['QB["a"] == "\ud83d"', 'half of a surrogate pair'],
    ['QB["a"] == "%s" % 1', 'formatting a string with `%` is not supported'],
    ['QB["a"].last_n_days("7")', 'n must be a finite number'],
    ['QB["a"].last_n_days(1e300)', 'outside the years'],
    ['QB["a"] == 012', 'is not a valid number'],
    ['QB["a"] == "\\N{DRAGON}"', '\\N{…}'],
    ['QB["a"].fuzzy("x")', '`.fuzzy()` is not supported: there is no trigram index (column 9)'],
    ['QB["a"].similarity("x").desc()', '.similarity()'],
    ['QB["a"].cosine([1.0]) < 1', '.cosine()'],
    ['QB["a"].l2([1.0]) < 1', '.l2()'],
    ['QB["a"].ip([1.0]) < 1', '.ip()'],
    ['QB.all().limit(3)', '`.limit()` is not supported: it belongs to search'],
    ['QB["a"].asc()', 'belongs to search'],
    ['QB["a"] == QB["b"]', 'expected a value, but found the field b'],
    ['QB["a"].between(1)', 'between() requires the argument max_val'],
    ['QB["a"].eq(1, 2)', 'accepts at most 1 positional arguments'],
    ['QB["a"].eq(level=1)', 'has no parameter level'],
    ['QB["a"].regex("[")', 'unterminated character set'],
    ['QB["a"].__class__', 'no .__class__'],
    ['QB.level == 1', '`QB.level` is not supported in qb: write a field as QB["level"]'],
    ['QB["a"]["b"]', 'write a nested field as one name'],
    ['dt.datetime.now()', '`dt.datetime.now` is not supported'],
    ['QB.created_time() > dt.datetime(2026, 2, 30)', 'day is out of range for month'],
    ['QB["a"] == 1 / 0', 'division by zero'],
    ['QB["a"] == "x" * 99999', 'the result of `*` must not have more than 1000'],
    ['QB["a"] == [[[1] * 100] * 100] * 100', 'the result of `*` must not have more than 1000'],
    ['QB["a"]; QB["b"]', 'write a single expression'],
    [' QB["a"]', 'must not start with white space'],
    ['__import__("os")', 'unknown name __import__'],
    ['~QB.all()', 'cannot be negated'],
    ['1', "expected a condition, but found 'int'"],
  ])('rejects %j: %s', (qb, reason) => {
    expect(() => readQb(qb, NOW)).toThrow(FilterError)
    expect(() => readQb(qb, NOW)).toThrow(reason)
  })

  it('explains a syntax error in a chain of at least 250 operators with the length of the chain', () => {
    expect(() => readQb(`1${'+1'.repeat(250)})`, NOW)).toThrow(
      'a chain must not have more than 250 operators or 125 calls',
    )
    expect(() => readQb(`1${'+1'.repeat(249)})`, NOW)).toThrow('unexpected ")"')
  })

  it('is rejected if it nests too deeply or contains a chain that the parser cannot read', () => {
    expect(() => readQb('('.repeat(5_000), NOW)).toThrow('nests deeper')
    expect(() => readQb(`${'~'.repeat(1_100)}QB["a"]`, NOW)).toThrow('nests deeper')
    for (const length of [310, 400, 3_000]) {
      const chain = Array.from({ length }, () => '(QB["a"] == 1)').join(' | ')
      expect(() => readQb(chain, NOW)).toThrow('write QB.any(…)')
    }
    for (const call of ['.filter(QB["a"] == 1)', '.eq(1)'])
      for (const length of [500, 3_000])
        expect(() => readQb(`QB["a"]${call.repeat(length)}`, NOW)).toThrow('write QB.any(…)')
    expect(outcomeOf(`QB["a"]${'.filter(QB["a"] == 1)'.repeat(140)}`, { a: 1n })).toBe(true)
    expect(outcomeOf(Array.from({ length: 250 }, (_, k) => `(QB["a"] == ${k})`).join(' | '), { a: 249n })).toBe(true)
  })

  it('may contain thousands of conditions', () => {
    const qb = `QB.any(${Array.from({ length: 3_000 }, (_, k) => `QB["a"] == ${k}`).join(', ')})`
    expect(outcomeOf(qb, { a: 2_999n })).toBe(true)
    expect(outcomeOf(qb, { a: 3_000n })).toBe(false)
  })
})
