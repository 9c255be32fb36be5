import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { must } from '../../shared/values/must.ts'
import { reprOf, rows } from './python-repr.ts'

describe('a literal', () => {
  it.each(
    rows(String.raw`
      0 ⇒ 0
      00_0 ⇒ 0
      1_000 ⇒ 1000
      0x_fF ⇒ 255
      0XF ⇒ 15
      0o1_7 ⇒ 15
      0b1_01 ⇒ 5
      1.5 ⇒ 1.5
      .5 ⇒ 0.5
      5. ⇒ 5.0
      1_0.2_5 ⇒ 10.25
      1e5 ⇒ 100000.0
      1E+5 ⇒ 100000.0
      1_0e-0_1 ⇒ 1.0
      5.e1 ⇒ 50.0
      1e999 ⇒ inf
      "a" 'b' ⇒ 'ab'
      b"a" b'b' ⇒ b'ab'
      "" "" ⇒ ''
      u"a" ⇒ 'a'
      R"\n" ⇒ '\\n'
      br"\n" ⇒ b'\\n'
      Rb"\x" ⇒ b'\\x'
      '''a'b''' ⇒ "a'b"
      '' '' ⇒ ''
      "\a\b\f\n\r\t\v\\\'\"" ⇒ '\x07\x08\x0c\n\r\t\x0b\\\'"'
      "\0\12\101\1234" ⇒ '\x00\nAS4'
      b"\0\12\101\1234" ⇒ b'\x00\nAS4'
      b"\777" ⇒ b'\xff'
      "\777" ⇒ 'ǿ'
      b"\x41\u0041\N" ⇒ b'A\\u0041\\N'
      "\x41\u0041\U00000041" ⇒ 'AAA'
      "\s\8" ⇒ '\\s\\8'
      "\U0010ffff" ⇒ '\U0010ffff'
      (1) ⇒ 1
      ((1, 2)) ⇒ (1, 2)
      (1,) ⇒ (1,)
      () ⇒ ()
      [] ⇒ []
      [1,] ⇒ [1]
      [1, (2, [3])] ⇒ [1, (2, [3])]
      None ⇒ None
      ... ⇒ Ellipsis
      True ⇒ True
    `),
  )('%s has the value %s', (expression, repr) => {
    expect(reprOf(must(expression))).toBe(repr)
  })

  it('of a number has at most 4300 digits, as in Python', () => {
    expect(reprOf(`0${'_0'.repeat(4_299)}`)).toBe('0')
    expect(() => reprOf('1'.repeat(4_301))).toThrow(
      new FilterError('qb', 'a number must not have more than 4300 digits (column 12)'),
    )
  })

  it('of bytes or a string continues after a backslash at the end of a line', () => {
    expect(reprOf('b"a\\\nb"')).toBe("b'ab'")
    expect(reprOf('"a\\\r\nb"')).toBe("'ab'")
  })

  it('in triple quotes has Python’s line endings', () => {
    expect(reprOf('"""a\r\nb\rc\n"""')).toBe(String.raw`'a\nb\nc\n'`)
  })

  it.each([
    ['01', '01 is not a valid number (column 12)'],
    ['0_', '0_ is not a valid number (column 12)'],
    ['1__0', '1__0 is not a valid number (column 12)'],
    ['1_', '1_ is not a valid number (column 12)'],
    ['0b2', 'unexpected "b2)" (column 13)'],
    ['0xg', 'unexpected "xg)" (column 13)'],
    ['0o8', 'unexpected "o8)" (column 13)'],
    ['1e', 'unexpected "e)" (column 13)'],
    ['1.5.5', 'unexpected "5)" (column 16)'],
    ['5.x', '5.x is not a valid number (column 12)'],
    ['1j', '1j is a complex number, which no field can contain (column 12)'],
    ['1.5J', '1.5J is a complex number, which no field can contain (column 12)'],
    ['5 .', '5 . is not a valid number (column 12)'],
    ['5 [1]', '5 [1 is not a valid number (column 12)'],
    ['5.)', 'unexpected ")" (column 15)'],
    ['"a', 'the expression ends too early (column 15)'],
    ["'a\n", 'unterminated string (column 12)'],
    ["'\n", 'unterminated string (column 12)'],
    ["'a\\'\n", 'unterminated string (column 12)'],
    ['"""a""', 'the expression ends too early (column 19)'],
    ['b"é"', 'a bytes literal must contain only ASCII characters (column 12)'],
    ['rb""', 'a bytes literal must contain only ASCII characters (column 12)'],
    ['"\\x4"', 'incomplete escape \\x: it needs 2 digits (column 12)'],
    ['"\\u123"', 'incomplete escape \\u: it needs 4 digits (column 12)'],
    ['"\\U0001234"', 'incomplete escape \\U: it needs 8 digits (column 12)'],
    ['b"\\x4"', 'incomplete escape \\x: it needs 2 digits (column 12)'],
    [
      '"\\N"',
      'character names (\\N{…}) are not supported: write the character itself, or \\u and four digits (column 12)',
    ],
    ['"\\U00110000"', 'an escape must not be above \\U0010ffff (column 12)'],
    [
      '"\\ud800"',
      'a string must not contain half of a surrogate pair: write a character above U+FFFF as \\U and eight digits (column 12)',
    ],
    [
      '"\\udfff"',
      'a string must not contain half of a surrogate pair: write a character above U+FFFF as \\U and eight digits (column 12)',
    ],
    [
      'r"\ud83d"',
      'a string must not contain half of a surrogate pair: write a character above U+FFFF as \\U and eight digits (column 12)',
    ],
    ['f"a"', 'an f-string is not supported in qb (column 12)'],
    ['"a" f"b"', 'an f-string is not supported in qb (column 16)'],
    ['"a" b"b"', 'a string and bytes cannot be joined (column 12)'],
    ['b"a" "b"', 'a string and bytes cannot be joined (column 12)'],
    ['ur"a"', 'unexpected "\\"a\\")" (column 14)'],
  ])('%s is rejected: %s', (expression, reason) => {
    expect(() => reprOf(expression)).toThrow(new FilterError('qb', reason))
  })
})
