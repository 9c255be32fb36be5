import { printable } from './printable.ts'

/** Matches a text that no shell changes. */
const PLAIN = /^[\w./:@%+,-]+$/

/**
 * Returns an argument as it is typed in a POSIX shell. Invisible characters are escaped. Before the user types the
 * argument, the user must replace the escapes by these characters.
 */
export const shellWord = (text: string): string =>
  PLAIN.test(text) ? text : `'${printable(text).replaceAll("'", String.raw`'\''`)}'`
