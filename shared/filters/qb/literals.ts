import { must } from '../../values/must.ts'
import { Bytes } from '../python/values.ts'
import { QbError } from './syntax.ts'

const INTEGER = /^(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?0)*|[1-9](?:_?\d)*)$/
const DIGITS = '\\d(?:_?\\d)*'
const FLOAT = new RegExp(
  `^(?:(?:${DIGITS})?\\.${DIGITS}|${DIGITS}\\.)(?:[eE][+-]?${DIGITS})?$|^${DIGITS}[eE][+-]?${DIGITS}$`,
)
/** As Python's own limit on digits that it reads. */
const MAX_DIGITS = 4300

/** Reads a number: an int as `bigint`, a float as `number`. Throws `QbError`. */
export const readNumber = (text: string, at: number): bigint | number => {
  if (/[jJ]$/.test(text)) throw new QbError(`${text} is a complex number: no field holds one`, at)
  const digits = text.replaceAll('_', '')
  if (digits.length > MAX_DIGITS) throw new QbError(`a number has more than ${MAX_DIGITS} digits`, at)
  if (INTEGER.test(text)) return BigInt(digits)
  if (FLOAT.test(text)) return Number(digits)
  throw new QbError(`${text} is no number`, at)
}

const OPENING = /^[A-Za-z]*(?:'''|"""|'|")/

/** Reads one string literal, as the grammar has found it: text, or bytes with the prefix `b`. Throws `QbError`. */
export const readString = (literal: string, at: number): string | Bytes => {
  const [opening] = must(OPENING.exec(literal))
  const prefix = opening.replace(/['"]+/, '').toLowerCase()
  const isBytes = prefix.includes('b')
  const quotes = opening.slice(prefix.length)
  const inside = literal.slice(opening.length, -quotes.length)
  // To the grammar a string of one line ends with the line. A quote behind an odd backslash closes none.
  if (literal !== opening + inside + quotes || /(?<!\\)\\(?:\\\\)*$/.test(inside))
    throw new QbError('a string is not closed', at)
  if (isBytes && /[^\0-\x7f]/.test(inside)) throw new QbError('bytes hold ASCII characters alone', at)
  const text = prefix.includes('r') ? inside : unescape(inside, isBytes, at)
  if (isBytes) return new Bytes(text)
  if (!text.isWellFormed()) throw new QbError(HALF, at)
  return text
}

const HALF = 'a string holds half a surrogate pair: \\U and eight digits write a character beyond U+FFFF'

const ESCAPE = /\\(?:\n|([\\'"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([NuUx])|)/g
const SHORT: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** An escape that Python does not know stands for itself: `'\s'` is a backslash and an s. */
const unescape = (text: string, isBytes: boolean, at: number): string =>
  text.replace(
    ESCAPE,
    (whole: string, short?: string, octal?: string, x?: string, u?: string, U?: string, rest?: string) => {
      if (whole === '\\\n') return ''
      if (short !== undefined) return SHORT[short] ?? short
      // A byte keeps the lower eight of the nine bits that three digits hold.
      if (octal !== undefined) return character(Number.parseInt(octal, 8) & (isBytes ? 0xff : 0x1ff), at)
      // Bytes have no \u and no \N.
      if (isBytes && x === undefined && rest !== 'x') return whole
      const hex = x ?? u ?? U
      if (hex !== undefined) return character(Number.parseInt(hex, 16), at)
      if (rest === 'N')
        throw new QbError('names of characters (\\N{…}) are not known here: write the character itself, or \\u', at)
      if (rest !== undefined) throw new QbError(`\\${rest} lacks digits`, at)
      return whole
    },
  )

const character = (code: number, at: number): string => {
  if (code > 0x10ffff) throw new QbError('there is no such character', at)
  // To Python two halves that are written so stay two, which no text has.
  if (code >= 0xd800 && code <= 0xdfff) throw new QbError(HALF, at)
  return String.fromCodePoint(code)
}
