import { decode, decodeTimestampToTimeSpec, EXT_TIMESTAMP, ExtensionCodec } from '@msgpack/msgpack'
import { exactNumbers } from '../values/exact-json.ts'

/**
 * A value of the timestamp type in a msgpack payload. `text` is in UTC with six digits after the seconds, for example
 * `2026-01-05T08:30:00.000000Z`.
 */
export class PayloadInstant {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * Decodes a payload, which is JSON or msgpack, and returns its value. The first byte decides between the two encodings
 * (`STORE.md`). Returns undefined if the payload cannot be decoded.
 *
 * In JSON, integers become `bigint`, so that large integers keep all digits. Floats become `number`, so that `1.0`
 * differs from `1`. If JSON is nested thousands of levels deep, its integers also become `number`.
 *
 * In msgpack, integers become `bigint` too. The msgpack decoder does not distinguish integers from floats without a
 * fraction, so such floats also become `bigint`. Timestamps become `PayloadInstant`, and binary values `Uint8Array`.
 */
export const decodePayload = (data: Uint8Array | string): unknown => {
  const first = typeof data === 'string' ? data.charCodeAt(0) : (data[0] ?? 0)
  // JSON begins with an ASCII character. Maps and lists of msgpack begin with a byte from 0x80.
  if (first >= 0x80) return decodeMsgpack(bufferOf(data))
  const json = decodeJson(typeof data === 'string' ? data : bufferOf(data).toString())
  // A single byte below 0x80 that is not JSON is a small integer in msgpack.
  return json === undefined && data.length === 1 ? BigInt(first) : json
}

/** Returns a string as UTF-8 bytes. Bytes are returned as a Buffer that shares their memory. */
const bufferOf = (data: Uint8Array | string): Buffer =>
  typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength)

const decodeJson = (text: string): unknown => {
  try {
    return JSON.parse(text, exactNumbers)
  } catch (error) {
    // With a reviver, the parser is recursive and fails on thousands of levels. Without a reviver, it succeeds, but
    // integers are `number`.
    return error instanceof RangeError ? decodeInexactJson(text) : undefined
  }
}

const decodeInexactJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const extensionCodec = new ExtensionCodec()
extensionCodec.register({
  type: EXT_TIMESTAMP,
  encode: () => null,
  decode: (data) => {
    const { sec, nsec } = decodeTimestampToTimeSpec(data)
    const seconds = new Date(sec * 1000).toISOString().slice(0, -5)
    return new PayloadInstant(
      `${seconds}.${Math.floor(nsec / 1000)
        .toString()
        .padStart(6, '0')}Z`,
    )
  },
})

const OPTIONS = { extensionCodec, useBigInt64: true, mapKeyConverter: String } as const

/**
 * The msgpack decoder rejects maps with the key `__proto__`. If a payload contains this word, it is decoded with a
 * prefix on every key, and the prefix is removed afterwards. This is slower, so other payloads are decoded without a
 * prefix. Keys that are not strings are converted to strings, and get the prefix too.
 */
const PROTO = '__proto__'
const KEY_PREFIX = '.'
const PREFIX_OPTIONS = {
  ...OPTIONS,
  keyDecoder: {
    canBeCached: () => true,
    decode: (bytes: Uint8Array, start: number, length: number) =>
      KEY_PREFIX + bufferOf(bytes.subarray(start, start + length)).toString(),
  },
  mapKeyConverter: (key: unknown) => (typeof key === 'string' ? key : KEY_PREFIX + String(key)),
} as const

const decodeMsgpack = (bytes: Buffer): unknown => {
  try {
    return bytes.includes(PROTO)
      ? withExactNumbersAndKeys(decode(bytes, PREFIX_OPTIONS), KEY_PREFIX.length)
      : withExactNumbersAndKeys(decode(bytes, OPTIONS))
  } catch {
    return undefined
  }
}

/**
 * Returns a decoded msgpack value with two changes. Integers of at most 32 bits, which the decoder returns as `number`,
 * become `bigint`. The first `prefixLength` characters of every key are removed. The function recurses. This is safe,
 * because the decoder limits the depth.
 */
const withExactNumbersAndKeys = (value: unknown, prefixLength = 0): unknown => {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map((inner) => withExactNumbersAndKeys(inner, prefixLength))
  if (isMap(value))
    // Even for the key `__proto__`, `fromEntries` creates an ordinary property.
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key.slice(prefixLength),
        withExactNumbersAndKeys(inner, prefixLength),
      ]),
    )
  return value
}

/** A map (a JSON object) in a decoded payload. */
type PayloadMap = Readonly<Record<string, unknown>>

/** Returns true if a decoded value is a map. Lists, binary values and timestamps are not maps. */
export const isMap = (value: unknown): value is PayloadMap =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof PayloadInstant)
