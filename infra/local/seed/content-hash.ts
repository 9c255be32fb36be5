import { createXXHash128 } from 'hash-wasm'

// One hasher for the process: each call begins it anew and ends it before anyone else can use it.
const xxh3 = await createXXHash128()

/** XXH3-128 of bytes or text (as UTF-8), 32 hex digits: how SpecStar names blobs and hashes payloads. */
export const xxh3Hex = (content: Uint8Array | string): string => xxh3.init().update(content).digest('hex')

/** A whole number from 0 to `count - 1` that depends on nothing but the text: the seed's only source of variety. */
export const pick = (text: string, count: number): number =>
  Number(BigInt(`0x${xxh3Hex(text).slice(0, 16)}`) % BigInt(count))

/** True for about one text in `count`, always the same ones. */
export const oneIn = (count: number, text: string): boolean => pick(text, count) === 0

/** A version 4 UUID in shape, made of the text's hash. */
export const uuidOf = (text: string): string => {
  const hex = xxh3Hex(text)
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) % 4)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
}
