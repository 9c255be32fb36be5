import { createXXHash128 } from 'hash-wasm'

// One hasher for the whole process: `xxh3Hex` runs synchronously, so two calls cannot use it at the same time.
const xxh3 = await createXXHash128()

/** XXH3-128 of bytes or of UTF-8 text, as 32 hex digits. SpecStar uses it for blob ids and payload hashes. */
export const xxh3Hex = (content: Uint8Array | string): string => xxh3.init().update(content).digest('hex')

/** An integer from 0 to `count - 1` that depends only on the text. All variety in the sample data comes from it. */
export const pick = (text: string, count: number): number =>
  Number(BigInt(`0x${xxh3Hex(text).slice(0, 16)}`) % BigInt(count))

/** True for about one text in `count`, and always for the same texts. */
export const oneIn = (count: number, text: string): boolean => pick(text, count) === 0

/** Formats the hash of a text as a version 4 UUID. */
export const uuidOf = (text: string): string => {
  const hex = xxh3Hex(text)
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) % 4)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}
