import { must } from './must.ts'

/*
 * Encoded words of RFC 2047, for example `=?UTF-8?Q?caf=C3=A9?=`. HTTP headers contain non-ASCII characters in this
 * form.
 */

const WORD = /^=\?(?<charset>[A-Za-z0-9_-]+)\?(?<encoding>[BbQq])\?(?<content>[!-~]*)\?=$/
const NOT_ASCII = /[^\t -~]/

/** Returns a string as one encoded word in UTF-8. */
export const encodeWord = (text: string): string => `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`

/** Returns a string of printable ASCII and tabs unchanged, and any other string as an encoded word. */
export const encodeIfNeeded = (text: string): string => (NOT_ASCII.test(text) ? encodeWord(text) : text)

/**
 * Decodes the encoded words in a string. Removes the white space between two encoded words, as RFC 2047 requires. A
 * word with an unknown character set or encoding is not changed.
 */
export const decodeWords = (text: string): string => {
  const tokens = text.split(/([ \t]+)/)
  const words = tokens.map(decodeWord)
  const isBetweenWords = (k: number): boolean => words[k - 1] !== undefined && words[k + 1] !== undefined
  return tokens.map((token, k) => words[k] ?? (isBetweenWords(k) ? '' : token)).join('')
}

/** Returns the decoded string of an encoded word, or undefined if the token is not a valid encoded word. */
const decodeWord = (token: string): string | undefined => {
  const word = WORD.exec(token)?.groups
  if (word === undefined) return undefined
  const content = must(word['content'])
  const bytes = must(word['encoding']).toUpperCase() === 'B' ? decodeB(content) : decodeQ(content)
  if (bytes === undefined) return undefined
  try {
    return new TextDecoder(must(word['charset']), { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const decodeB = (content: string): Buffer | undefined =>
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(content)
    ? Buffer.from(content, 'base64')
    : undefined

const decodeQ = (content: string): Buffer | undefined => {
  if (!/^(?:=[0-9A-Fa-f]{2}|[^=])*$/.test(content)) return undefined
  const latin1 = content
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(latin1, 'latin1')
}
