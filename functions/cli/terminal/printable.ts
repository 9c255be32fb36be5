import { randomInt } from 'node:crypto'
import { styleText } from 'node:util'

export type TextFormat = Parameters<typeof styleText>[0]

const ESCAPE = String.fromCharCode(0x1b)
/** Matches invisible characters: control and format characters, and all spaces except U+0020. */
const INVISIBLE = '(?! )[\\p{C}\\p{Z}]'
/** Digits that only the escape sequences of `styled` contain. No archive and no response can know them. */
const KEY = Array.from({ length: 4 }, () => String(randomInt(1_000, 10_000))).join(';')
const STYLE = new RegExp(`${ESCAPE}\\[(\\d+)m`, 'g')
const OWN_STYLE = `${ESCAPE}\\[(\\d+);${KEY}m`
const INVISIBLE_ONLY = new RegExp(INVISIBLE, 'gu')
const INVISIBLE_OR_STYLE = new RegExp(`${OWN_STYLE}|${INVISIBLE}`, 'gu')

/**
 * Escapes the invisible characters of an external text, such as an id, for a line of a terminal: `\u{1b}`. The result
 * can neither control the terminal, nor begin a new line.
 */
export const printable = (text: string): string => text.replace(INVISIBLE_ONLY, escaped)

/** Like `printable`, but keeps the formats of `styled`. */
export const printableLine = (text: string): string =>
  text.replace(INVISIBLE_OR_STYLE, (match, style: string | undefined) => (style === undefined ? escaped(match) : match))

/**
 * Formats an external text. Only `forTerminal` makes the result effective, so that no other text can contain formats.
 */
export const styled = (format: TextFormat, text: string): string =>
  styleText(format, printable(text), { validateStream: false }).replace(STYLE, `${ESCAPE}[$1;${KEY}m`)

/** Removes escape sequences of formats that are not those of `styled`. */
export const withoutPlainStyles = (text: string): string => text.replace(STYLE, '')

/**
 * Returns a text as it may be written to a terminal. Keeps newlines and the formats of `styled`, and escapes all other
 * invisible characters. All texts of a command pass through this function.
 */
export const forTerminal = (text: string): string =>
  text.replace(INVISIBLE_OR_STYLE, (match, style: string | undefined) => {
    if (style !== undefined) return `${ESCAPE}[${style}m`
    return match === '\n' ? match : escaped(match)
  })

/** Characters that control a terminal or the direction of text, and that JSON allows without an escape. */
const CONTROLS_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Escapes the characters of a JSON text that could control a terminal. The JSON keeps its meaning. */
export const printableJson = (json: string): string =>
  json.replace(CONTROLS_IN_JSON, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

const escaped = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
