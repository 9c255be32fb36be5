import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { must } from '../../shared/values/must.ts'
import { rows, writtenOf } from './written.ts'

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
  )('%s is %s', (expression, written) => {
    expect(writtenOf(must(expression))).toBe(written)
  })

  it('of a number has 4300 digits at most, as in Python', () => {
    expect(writtenOf(`0${'_0'.repeat(4_299)}`)).toBe('0')
    expect(() => writtenOf('1'.repeat(4_301))).toThrow(
      new FilterError('qb', 'a number has more than 4300 digits (column 12)'),
    )
  })

  it('of bytes or text goes on behind a backslash at the end of a line', () => {
    expect(writtenOf('b"a\\\nb"')).toBe("b'ab'")
    expect(writtenOf('"a\\\r\nb"')).toBe("'ab'")
  })

  it('of text in three quotes has the ends of its lines as Python reads them', () => {
    expect(writtenOf('"""a\r\nb\rc\n"""')).toBe(String.raw`'a\nb\nc\n'`)
  })

  it.each([
    ['01', '01 is no number (column 12)'],
    ['0_', '0_ is no number (column 12)'],
    ['1__0', '1__0 is no number (column 12)'],
    ['1_', '1_ is no number (column 12)'],
    ['0b2', '"b2)" is not expected (column 13)'],
    ['0xg', '"xg)" is not expected (column 13)'],
    ['0o8', '"o8)" is not expected (column 13)'],
    ['1e', '"e)" is not expected (column 13)'],
    ['1.5.5', '"5)" is not expected (column 16)'],
    ['5.x', '5.x is no number (column 12)'],
    ['1j', '1j is a complex number: no field holds one (column 12)'],
    ['1.5J', '1.5J is a complex number: no field holds one (column 12)'],
    ['5 .', '5 . is no number (column 12)'],
    ['5 [1]', '5 [1 is no number (column 12)'],
    ['5.)', '")" is not expected (column 15)'],
    ['"a', 'the expression ends too early (column 15)'],
    ["'a\n", 'a string is not closed (column 12)'],
    ["'\n", 'a string is not closed (column 12)'],
    ["'a\\'\n", 'a string is not closed (column 12)'],
    ['"""a""', 'the expression ends too early (column 19)'],
    ['b"é"', 'bytes hold ASCII characters alone (column 12)'],
    ['rb""', 'bytes hold ASCII characters alone (column 12)'],
    ['"\\x4"', '\\x lacks digits (column 12)'],
    ['"\\u123"', '\\u lacks digits (column 12)'],
    ['"\\U0001234"', '\\U lacks digits (column 12)'],
    ['b"\\x4"', '\\x lacks digits (column 12)'],
    ['"\\N"', 'names of characters (\\N{…}) are not known here: write the character itself, or \\u (column 12)'],
    ['"\\U00110000"', 'there is no such character (column 12)'],
    [
      '"\\ud800"',
      'a string holds half a surrogate pair: \\U and eight digits write a character beyond U+FFFF (column 12)',
    ],
    [
      '"\\udfff"',
      'a string holds half a surrogate pair: \\U and eight digits write a character beyond U+FFFF (column 12)',
    ],
    [
      'r"\ud83d"',
      'a string holds half a surrogate pair: \\U and eight digits write a character beyond U+FFFF (column 12)',
    ],
    ['f"a"', 'a string with the prefix f is not taken in qb (column 12)'],
    ['"a" f"b"', 'a string with the prefix f is not taken in qb (column 16)'],
    ['"a" b"b"', 'text and bytes do not go together (column 12)'],
    ['b"a" "b"', 'text and bytes do not go together (column 12)'],
    ['ur"a"', '"\\"a\\")" is not expected (column 14)'],
  ])('%s is refused: %s', (expression, reason) => {
    expect(() => writtenOf(expression)).toThrow(new FilterError('qb', reason))
  })
})
