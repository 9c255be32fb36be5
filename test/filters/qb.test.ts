import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { answer, MISSING } from '../../shared/filters/evaluate.ts'
import { DateTime } from '../../shared/filters/python/times.ts'
import { readQb } from '../../shared/filters/qb/read-qb.ts'

/** A Sunday, and in the zone +08:00 the Monday after it: the last day of a February, and the first of a March. */
const NOW = new Date('2027-02-28T20:00:00Z')

const says = (qb: string, values: Readonly<Record<string, unknown>>): unknown => {
  const condition = readQb(qb, NOW)
  return condition === undefined ? true : answer(condition, (field) => (field in values ? values[field] : MISSING))
}
const at = (text: string): Record<string, unknown> => ({ created_time: DateTime.ofStored(text) })

describe('an expression', () => {
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
  ])('%s of %s says %s', (qb, value, said) => {
    expect(says(qb, { a: value })).toBe(said)
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
  ])('.%s is from %s to %s', (method, first, last) => {
    const isIn = (text: string): unknown => says(`QB.created_time().${method}`, at(text))
    expect([isIn(first), isIn(last)]).toEqual([true, true])
    const before = `${new Date(Date.parse(first) - 1).toISOString().slice(0, -1)}999Z`
    expect(isIn(before)).toBe(false)
    if (!last.startsWith('9999')) expect(isIn(new Date(Date.parse(last) + 1).toISOString())).toBe(false)
  })

  it('compares times of metadata as instants, one without a zone as UTC', () => {
    const qb = 'QB.created_time() == dt.datetime(2026, 1, 1, 8, tzinfo=dt.timezone.utc) - dt.timedelta(hours=8)'
    expect(says(qb, at('2026-01-01T08:00:00+08:00'))).toBe(true)
    expect(says(qb, at('2026-01-01T00:00:00'))).toBe(true)
    expect(says('QB.created_time().contains("+08:00")', at('2026-01-01T08:00:00.5+08:00'))).toBe(true)
    expect(says('QB.created_time() == dt.datetime(2026, 1, 1)', at('2026-01-01T00:00:00Z'))).toBe(false)
    expect(() => says('QB.created_time() > dt.datetime(2026, 1, 1)', at('2026-01-01T00:00:00Z'))).toThrow('naive')
  })

  it.each([
    ['QB["a"] >', 'ends too early (column 10)'],
    ['QB["é🔥"] == x', 'x is not known: fields are QB["x"] (column 13)'],
    ['(QB["a"]\n  == 1 and QB["b"])', 'and (write & between parentheses) is not taken in qb (line 2, column 8)'],
    ['QB["a"] > 1 & QB["b"] > 2', 'binds tighter than == and >'],
    ['QB["a"] in [1]', '.in_([…])'],
    ['QB["a"] == f"x"', 'a string with the prefix f'],
    ['QB["a"] == 2 ** 3', '** is not taken in qb (column 14)'],
    ['QB["a"] == 1j', 'complex'],
    ['QB["a"] == 2.e-07j', 'complex'],
    ['QB["a"] == 2.e-07 and 1', 'and (write & between parentheses) is not taken in qb (column 19)'],
    ['QB["a"] == 2.0.e-07', 'no number'],
    ['QB["a"] == 2.e-7x', 'not expected'],
    ['QB["a"] == "\\ud83d"', 'half a surrogate pair'],
    ['QB["a"] == "\\ud83d\\udd25"', '\\U and eight digits'],
    ['QB["a"] == "\\U0000dd25"', 'half a surrogate pair'],
    ['QB["a"] == "\ud83d"', 'half a surrogate pair'],
    ['QB["a"] == "%s" % 1', 'formatting a text by % is not taken'],
    ['QB["a"].last_n_days("7")', 'n is a number'],
    ['QB["a"].last_n_days(1e300)', 'out of the years'],
    ['QB["a"] == 012', 'no number'],
    ['QB["a"] == "\\N{DRAGON}"', '\\N{…}'],
    ['QB["a"].fuzzy("x")', '.fuzzy() is not taken: there is no index of trigrams here (column 9)'],
    ['QB["a"].similarity("x").desc()', '.similarity()'],
    ['QB["a"].cosine([1.0]) < 1', '.cosine()'],
    ['QB["a"].l2([1.0]) < 1', '.l2()'],
    ['QB["a"].ip([1.0]) < 1', '.ip()'],
    ['QB.all().limit(3)', '.limit() belongs to search'],
    ['QB["a"].asc()', 'belongs to search'],
    ['QB["a"] == QB["b"]', 'the field b stands where a value is wanted'],
    ['QB["a"].between(1)', 'between() lacks max_val'],
    ['QB["a"].eq(1, 2)', 'takes 1 values at most'],
    ['QB["a"].eq(wert=1)', 'has no parameter wert'],
    ['QB["a"].regex("[")', 'unterminated character set'],
    ['QB["a"].__class__', 'no .__class__'],
    ['QB.level == 1', 'QB.level is not taken in qb: fields are QB["level"]'],
    ['QB["a"]["b"]', 'a path is one text'],
    ['dt.datetime.now()', 'dt.datetime.now is not taken'],
    ['QB.created_time() > dt.datetime(2026, 2, 30)', 'day is out of range for month'],
    ['QB["a"] == 1 / 0', 'division by zero'],
    ['QB["a"] == "x" * 99999', 'longer than 1000'],
    ['QB["a"] == [[[1] * 100] * 100] * 100', 'longer than 1000'],
    ['QB["a"]; QB["b"]', 'one expression'],
    [' QB["a"]', 'begins with a space'],
    ['__import__("os")', '__import__ is not known'],
    ['~QB.all()', 'cannot be turned round'],
    ['1', "no condition but 'int'"],
  ])('%j is refused: %s', (qb, reason) => {
    expect(() => readQb(qb, NOW)).toThrow(FilterError)
    expect(() => readQb(qb, NOW)).toThrow(reason)
  })

  it('is told to be too long a chain from 250 operators on, where the grammar’s parser found no way', () => {
    expect(() => readQb(`1${'+1'.repeat(250)})`, NOW)).toThrow(
      'a chain of over 250 operators, or 125 calls, is too long',
    )
    expect(() => readQb(`1${'+1'.repeat(249)})`, NOW)).toThrow('")" is not expected')
  })

  it('is refused where it nests too deeply, or is a chain too long for the grammar’s parser', () => {
    expect(() => readQb('('.repeat(5_000), NOW)).toThrow('nests deeper')
    expect(() => readQb(`${'~'.repeat(1_100)}QB["a"]`, NOW)).toThrow('nests deeper')
    for (const length of [310, 400, 3_000]) {
      const chain = Array.from({ length }, () => '(QB["a"] == 1)').join(' | ')
      expect(() => readQb(chain, NOW)).toThrow('write QB.any(…)')
    }
    for (const call of ['.filter(QB["a"] == 1)', '.eq(1)'])
      for (const length of [500, 3_000])
        expect(() => readQb(`QB["a"]${call.repeat(length)}`, NOW)).toThrow('write QB.any(…)')
    expect(says(`QB["a"]${'.filter(QB["a"] == 1)'.repeat(140)}`, { a: 1n })).toBe(true)
    expect(says(Array.from({ length: 250 }, (_, k) => `(QB["a"] == ${k})`).join(' | '), { a: 249n })).toBe(true)
  })

  it('may hold thousands of conditions', () => {
    const qb = `QB.any(${Array.from({ length: 3_000 }, (_, k) => `QB["a"] == ${k}`).join(', ')})`
    expect(says(qb, { a: 2_999n })).toBe(true)
    expect(says(qb, { a: 3_000n })).toBe(false)
  })
})
