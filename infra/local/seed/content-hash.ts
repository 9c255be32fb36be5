import { createXXHash128 } from 'hash-wasm'

// All calls of `xxh3Hex` share this hasher. This is safe, because `xxh3Hex` is synchronous.
const xxh3 = await createXXHash128()

/**
 * Returns the XXH3-128 hash of bytes or of a string in UTF-8, as 32 hex digits. SpecStar uses this hash for blob ids
 * and for payloads.
 */
export const xxh3Hex = (content: Uint8Array | string): string => xxh3.init().update(content).digest('hex')

/**
 * Returns an integer from 0 to `count - 1` that depends only on `text`. The sample data uses it instead of random
 * numbers.
 */
export const pick = (text: string, count: number): number =>
  Number(BigInt(`0x${xxh3Hex(text).slice(0, 16)}`) % BigInt(count))

/** Returns true for about one of `count` strings. The result for a string is always the same. */
export const oneIn = (count: number, text: string): boolean => pick(text, count) === 0

/** Returns the hash of a string in the format of a version 4 UUID. */
export const uuidOf = (text: string): string => {
  const hex = xxh3Hex(text)
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) % 4)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}
