import { must } from '../../values/must.ts'
import { CalendarDate, ClockTime, DateTime, TimeDelta, TimeZone } from './times.ts'
import { Bytes, ELLIPSIS, isDict, itemsOf, Tuple } from './values.ts'

/**
 * Returns Python's `str()` of a value, for example `True`, `1.0`, `1e+21`, `None`, `['a', 1]` or `2026-02-01
 * 08:00:00+08:00`.
 */
export const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value
  return isTime(value) ? value.toString() : reprOf(value)
}

const reprOf = (value: unknown): string => {
  if (value === null) return 'None'
  if (value === ELLIPSIS) return 'Ellipsis'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return floatRepr(value)
  if (typeof value === 'string') return quoted(value, isPrintable)
  if (value instanceof Tuple && value.items.length === 1) return `(${reprOf(value.items[0])},)`
  const items = itemsOf(value)
  if (items !== undefined) {
    const inner = items.map(reprOf).join(', ')
    return value instanceof Tuple ? `(${inner})` : `[${inner}]`
  }
  if (value instanceof Bytes) return `b${quoted(value.latin1, (character) => /[ -~]/.test(character))}`
  if (isTime(value)) return value.repr()
  if (isDict(value)) return `{${[...value].map(([key, inner]) => `${reprOf(key)}: ${reprOf(inner)}`).join(', ')}}`
  throw new TypeError('not a Python value')
}

const isTime = (value: unknown): value is DateTime | CalendarDate | ClockTime | TimeDelta | TimeZone =>
  [DateTime, CalendarDate, ClockTime, TimeDelta, TimeZone].some((kind) => value instanceof kind)

/**
 * Returns Python's `repr()` of a float. It has the fewest digits that identify the float. Values from 1e16 and values
 * below 1e-4 have an exponent.
 */
const floatRepr = (value: number): string => {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  const [digits = '', power = '0'] = value.toExponential().split('e')
  const exponent = Number(power)
  if (value !== 0 && (exponent < -4 || exponent >= 16))
    return `${digits}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent).toString().padStart(2, '0')}`
  return withoutExponent(digits, exponent)
}

/**
 * Returns `digits` × 10^`exponent` as a decimal number without an exponent. `digits` has one digit before the point.
 */
const withoutExponent = (digits: string, exponent: number): string => {
  const sign = digits.startsWith('-') ? '-' : ''
  const all = digits.replace(/[-.]/g, '')
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${all}`
  const whole = all.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${all.slice(exponent + 1) || '0'}`
}

/**
 * Quotes a string with single quotes. If it contains single quotes but no double quotes, quotes it with double quotes.
 */
const quoted = (text: string, isLiteral: (character: string) => boolean): string => {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  let inner = ''
  for (const character of text) {
    if (character === quote || character === '\\') inner += `\\${character}`
    else inner += isLiteral(character) ? character : escaped(character)
  }
  return `${quote}${inner}${quote}`
}

const isPrintable = (character: string): boolean => character === ' ' || !/[\p{C}\p{Z}]/u.test(character)

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const escaped = (character: string): string => {
  const short = SHORT_ESCAPES[character]
  if (short !== undefined) return short
  const code = must(character.codePointAt(0))
  const hex = code.toString(16)
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
