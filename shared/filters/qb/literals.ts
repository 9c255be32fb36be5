import { must } from '../../values/must.ts'
import { Bytes } from '../python/values.ts'
import { QbError } from './syntax.ts'

const INTEGER = /^(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?0)*|[1-9](?:_?\d)*)$/
const DIGITS = '\\d(?:_?\\d)*'
const FLOAT = new RegExp(
  `^(?:(?:${DIGITS})?\\.${DIGITS}|${DIGITS}\\.)(?:[eE][+-]?${DIGITS})?$|^${DIGITS}[eE][+-]?${DIGITS}$`,
)
/** The largest number of digits of a number. Python has the same limit for strings that are converted to an int. */
const MAX_DIGITS = 4300

/** Parses a number. Returns an int as a `bigint`, and a float as a `number`. Throws `QbError` for an invalid number. */
export const readNumber = (text: string, at: number): bigint | number => {
  if (/[jJ]$/.test(text)) throw new QbError(`${text} is a complex number, which no field can contain`, at)
  const digits = text.replaceAll('_', '')
  if (digits.length > MAX_DIGITS) throw new QbError(`a number must not have more than ${MAX_DIGITS} digits`, at)
  if (INTEGER.test(text)) return BigInt(digits)
  if (FLOAT.test(text)) return Number(digits)
  throw new QbError(`${text} is not a valid number`, at)
}

const OPENING = /^[A-Za-z]*(?:'''|"""|'|")/

/**
 * Parses one string literal. Returns bytes if the prefix contains a `b`, and otherwise a string. Throws `QbError` for
 * an invalid literal.
 */
export const readString = (literal: string, at: number): string | Bytes => {
  const [opening] = must(OPENING.exec(literal))
  const prefix = opening.replace(/['"]+/, '').toLowerCase()
  const isBytes = prefix.includes('b')
  const quotes = opening.slice(prefix.length)
  const inside = literal.slice(opening.length, -quotes.length)
  // For an unterminated string, Lezer returns a literal that ends at the end of the line. A string is also unterminated
  // if its last quote follows an odd number of backslashes, because this quote is escaped.
  if (literal !== opening + inside + quotes || /(?<!\\)\\(?:\\\\)*$/.test(inside))
    throw new QbError('unterminated string', at)
  if (isBytes && /[^\0-\x7f]/.test(inside)) throw new QbError('a bytes literal must contain only ASCII characters', at)
  const text = prefix.includes('r') ? inside : unescape(inside, isBytes, at)
  if (isBytes) return new Bytes(text)
  if (!text.isWellFormed()) throw new QbError(HALF_PAIR, at)
  return text
}

const HALF_PAIR =
  'a string must not contain half of a surrogate pair: write a character above U+FFFF as \\U and eight digits'

const ESCAPE = /\\(?:\n|([\\'"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([NuUx])|)/g
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/**
 * Replaces the escapes in a literal. As in Python, unknown escapes are not replaced. For example, `'\s'` is a backslash
 * and an s.
 */
const unescape = (text: string, isBytes: boolean, at: number): string =>
  text.replace(
    ESCAPE,
    (whole: string, short?: string, octal?: string, x?: string, u?: string, U?: string, rest?: string) => {
      if (whole === '\\\n') return ''
      if (short !== undefined) return SHORT_ESCAPES[short] ?? short
      // Three octal digits have nine bits. In bytes, only the lower eight bits are used.
      if (octal !== undefined) return character(Number.parseInt(octal, 8) & (isBytes ? 0xff : 0x1ff), at)
      // `\u`, `\U` and `\N` are not escapes in bytes.
      if (isBytes && x === undefined && rest !== 'x') return whole
      const hex = x ?? u ?? U
      if (hex !== undefined) return character(Number.parseInt(hex, 16), at)
      if (rest === 'N')
        throw new QbError(
          'character names (\\N{…}) are not supported: write the character itself, or \\u and four digits',
          at,
        )
      if (rest !== undefined)
        throw new QbError(`incomplete escape \\${rest}: it needs ${must(HEX_DIGITS[rest])} digits`, at)
      return whole
    },
  )

const character = (code: number, at: number): string => {
  if (code > 0x10ffff) throw new QbError('an escape must not be above \\U0010ffff', at)
  // Escaped surrogates are rejected. Python does not combine two of them into one character, and no stored string
  // contains a lone surrogate.
  if (code >= 0xd800 && code <= 0xdfff) throw new QbError(HALF_PAIR, at)
  return String.fromCodePoint(code)
}
