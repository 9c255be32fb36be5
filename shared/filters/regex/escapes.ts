import { must } from '../../values/must.ts'
import { PYTHON_WHITESPACE } from '../../values/python-whitespace.ts'
import { type Assertion, type CharacterClass, literal, RegexError } from './syntax.ts'

/** An escape outside of a class. It is an assertion or a set of characters. */
type Escape = { readonly assertion: Assertion } | { readonly characters: CharacterClass }

/** Python's `\d`, `\s` and `\w`, as characters for the inside of a JavaScript class. */
const SHORTHANDS: Readonly<Record<string, string>> = {
  d: '\\p{Nd}',
  s: PYTHON_WHITESPACE,
  w: '\\p{L}\\p{N}_',
}
/** The same shorthands with the flag `a`. */
const ASCII_SHORTHANDS: Readonly<Record<string, string>> = { d: '0-9', s: '\\t-\\r\\x20', w: 'A-Za-z0-9_' }
const WORD = { unicode: /^[\p{L}\p{N}_]$/u, ascii: /^[A-Za-z0-9_]$/ }

export const isWordCharacter = (character: string, ascii: boolean): boolean =>
  (ascii ? WORD.ascii : WORD.unicode).test(character)

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'start',
  Z: 'very end',
  b: 'boundary',
  B: 'no boundary',
}
const CONTROLS: Readonly<Record<string, string>> = {
  a: '\x07',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
}
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/**
 * Parses the escape at index `at`, outside of a class. `end` is the index after the escape. Throws `RegexError` if the
 * escape is invalid.
 */
export const readEscape = (
  characters: readonly string[],
  at: number,
  ascii: boolean,
): { readonly escape: Escape; readonly end: number } => {
  const letter = characters[at + 1] ?? ''
  const assertion = ASSERTIONS[letter]
  if (assertion !== undefined) return { escape: { assertion }, end: at + 2 }
  if (/^[1-9]$/.test(letter) && !/^\\[1-7][0-7][0-7]/.test(characters.slice(at, at + 4).join('')))
    throw new RegexError(`a backreference \\${letter} is not supported (it cannot run in linear time)`, at)
  const shorthand = shorthandOf(letter, ascii)
  if (shorthand !== undefined) return { escape: { characters: shorthand }, end: at + 2 }
  const { character, end } = readCharacterEscape(characters, at)
  return { escape: { characters: { inside: literal(character), negated: false } }, end }
}

const shorthandOf = (letter: string, ascii: boolean): CharacterClass | undefined => {
  const inside = (ascii ? ASCII_SHORTHANDS : SHORTHANDS)[letter.toLowerCase()]
  return inside === undefined ? undefined : { inside, negated: letter !== letter.toLowerCase() }
}

/**
 * Parses an escape that stands for one character, such as `\n` or `\x41`. Throws `RegexError` if the escape is invalid.
 */
const readCharacterEscape = (characters: readonly string[], at: number): { character: string; end: number } => {
  const letter = characters[at + 1]
  if (letter === undefined) throw new RegexError('bad escape (end of pattern)', at)
  const control = CONTROLS[letter]
  if (control !== undefined) return { character: control, end: at + 2 }
  const rest = characters.slice(at, at + 12).join('')
  const octal = /^\\(?:0[0-7]{0,2}|[1-7][0-7]{2})/.exec(rest)
  if (octal !== null) return octalCharacter(octal[0], at)
  const digits = HEX_DIGITS[letter]
  if (digits !== undefined) {
    const hex = new RegExp(`^[0-9a-fA-F]{${digits}}`).exec(rest.slice(2))
    if (hex === null) throw new RegexError(`incomplete escape \\${letter}`, at)
    return characterOf(Number.parseInt(hex[0], 16), 0x10ffff, at, digits + 2)
  }
  if (letter === 'N') throw new RegexError('character names (\\N{…}) are not supported (write \\u and four digits)', at)
  if (/^[A-Za-z0-9]$/.test(letter)) throw new RegexError(`bad escape \\${letter}`, at)
  return { character: letter, end: at + 2 }
}

/**
 * Returns the character of an octal escape such as `\101`. Throws `RegexError` if its value does not fit into one byte.
 */
const octalCharacter = (text: string, at: number): { character: string; end: number } =>
  characterOf(Number.parseInt(text.slice(1), 8), 0o377, at, text.length)

const characterOf = (code: number, max: number, at: number, length: number): { character: string; end: number } => {
  if (code > max) throw new RegexError('escape value out of range', at)
  return { character: String.fromCodePoint(code), end: at + length }
}

/**
 * Parses the class `[…]` that begins at index `start`. `end` is the index after the class. Throws `RegexError` if the
 * class is invalid.
 */
export const parseClass = (
  characters: readonly string[],
  start: number,
  ascii: boolean,
): { readonly characters: CharacterClass; readonly end: number } => {
  let at = start + 1
  const negated = characters[at] === '^'
  if (negated) at += 1
  const first = at
  let inside = ''
  for (;;) {
    if (characters[at] === undefined) throw new RegexError('unterminated character set', start)
    if (characters[at] === ']' && at > first) return { characters: { inside, negated }, end: at + 1 }
    const low = readMember(characters, at, ascii)
    if (characters[low.end] !== '-' || characters[low.end + 1] === ']' || characters[low.end + 1] === undefined) {
      inside += low.inside
      at = low.end
      continue
    }
    const high = readMember(characters, low.end + 1, ascii)
    if (low.code === undefined || high.code === undefined || high.code < low.code)
      throw new RegexError('bad character range', at)
    inside += `${low.inside}-${high.inside}`
    at = high.end
  }
}

interface Member {
  readonly inside: string
  /** The code point of the character. Absent for a shorthand such as `\d`, which cannot be the bound of a range. */
  readonly code?: number
  readonly end: number
}

const readMember = (characters: readonly string[], at: number, ascii: boolean): Member => {
  const character = must(characters[at])
  if (character !== '\\') return member(character, at + 1)
  const letter = characters[at + 1] ?? ''
  if (letter === 'b') return member('\b', at + 2)
  const shorthand = shorthandOf(letter, ascii)
  // JavaScript's flag `v` allows a class inside a class.
  if (shorthand !== undefined)
    return { inside: shorthand.negated ? `[^${shorthand.inside}]` : shorthand.inside, end: at + 2 }
  const octal = /^\\[0-7]{1,3}/.exec(characters.slice(at, at + 4).join(''))
  const escape = octal === null ? readCharacterEscape(characters, at) : octalCharacter(octal[0], at)
  return member(escape.character, escape.end)
}

const member = (character: string, end: number): Member => ({
  inside: literal(character),
  code: must(character.codePointAt(0)),
  end,
})
