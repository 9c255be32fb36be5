import { describe, expect, it } from 'vitest'
import { compileRegex } from '../../../shared/resources/filters/regex/regex.ts'

const isIn = (pattern: string, text: string): boolean => compileRegex(pattern).isIn(text)

/** Answers of Python 3.11's `re.search`. */
describe('a regular expression is Python’s', () => {
  it.each([
    ['a$', 'ba\n', true],
    ['a\\Z', 'ba\n', false],
    ['(?m)^b$', 'a\nb\nc', true],
    ['^b', 'a\nb', false],
    ['.', '\n', false],
    ['(?s).', '\n', true],
    ['\\bthe\\b', 'été the', true],
    ['\\bthe', 'éthe', false],
    ['(?a)\\bthe', 'éthe', true],
    ['\\B', '', false],
    ['^\\w+$', 'Élodie勇者_1', true],
    ['^\\d$', '٣', true],
    ['(?a)^\\d$', '٣', false],
    ['(?a:(?u:\\w))', 'é', true],
    ['(?u:(?a:\\w))', 'é', false],
    ['(?u)(?i)É', 'é', true],
    ['\\s', '\u3000', true],
    ['[^\\W_]', '_ ', false],
    ['[]a]', ']', true],
    ['[a-]', '-', true],
    ['x{,2}y', 'y', true],
    ['x{', 'x{', true],
    ['(?i)straße', 'STRAẞE', true],
    ['(?i)i', 'İ', true],
    ['(?i:A)b', 'ab', true],
    ['(?i:A)b', 'aB', false],
    ['(?P<n>a|b)+c', 'xabac', true],
    ['(?x) a b # both', 'ab', true],
    ['a(?#why)*b', 'aab', true],
    ['\\x41\\u00e9\\101', 'AéA', true],
    ['^.$', '🔥', true],
    ['(a*)*b', 'aaac', false],
  ])('%j in %j: %s', (pattern, text, found) => {
    expect(isIn(pattern, text)).toBe(found)
  })

  it.each([
    ['[', 'unterminated character set at position 0'],
    ['(', 'unterminated subpattern at position 0'],
    ['a)', 'unbalanced parenthesis at position 1'],
    ['*a', 'nothing to repeat at position 0'],
    ['a**', 'multiple repeat at position 2'],
    ['^*', 'nothing to repeat'],
    ['x{2,1}', 'min repeat greater than max repeat'],
    ['\\p{L}', 'bad escape \\p at position 0'],
    ['(?<n>a)', 'unknown extension ?<'],
    ['(?P<n>a)(?P<n>b)', 'redefinition of group name n'],
    ['[b-a]', 'bad character range'],
    ['a(?=b)', 'lookahead (?=…) does not run in linear time at position 1'],
    ['(?<!a)b', 'lookbehind (?<!…)'],
    ['(a)\\1', 'backreference \\1'],
    ['a*+', 'possessive'],
    ['(?a)(?u)x', 'the flags a and u exclude each other'],
    ['(?a)x(?u:\\w)', 'the flag u does not go into a global (?a)'],
    ['\\N{DRAGON}', '\\N{…}'],
    ['(?:x{1000}){1000}', 'longer than 5000 steps'],
    ['(?:(?:){999999999}){999999999}', 'longer than 5000 steps'],
  ])('%j is refused: %s', (pattern, reason) => {
    expect(() => compileRegex(pattern)).toThrow(reason)
  })

  it('takes no longer for what would make a search by trial and error never end', () => {
    const before = performance.now()
    expect(isIn('^(a+)+$', `${'a'.repeat(50_000)}b`)).toBe(false)
    expect(performance.now() - before).toBeLessThan(10_000)
  })
})
