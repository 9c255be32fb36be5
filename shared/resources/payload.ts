import { decode, decodeTimestampToTimeSpec, EXT_TIMESTAMP, ExtensionCodec } from '@msgpack/msgpack'
import { exactNumbers } from '../values/exact-json.ts'

/**
 * An instant inside a msgpack payload: its text is in UTC with microseconds, for example `2026-01-05T08:30:00.000000Z`.
 */
export class PayloadInstant {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * Decodes a payload: JSON or msgpack, the two encodings of SpecStar, distinguished by the first byte (`STORE.md`).
 * Undefined if it is neither.
 *
 * Integers are `bigint` and floats are `number`: large integers keep their digits, and `1.0` differs from `1`. The
 * msgpack decoder does not distinguish integers from floats without a fraction, so both are `bigint` there. Instants of
 * msgpack are `PayloadInstant`, its binary values `Uint8Array`.
 */
export const decodePayload = (data: Uint8Array | string): unknown => {
  const first = typeof data === 'string' ? data.charCodeAt(0) : (data[0] ?? 0)
  // JSON text begins with an ASCII character; maps and lists of msgpack begin with a higher byte.
  if (first >= 0x80) return decodeMsgpack(bufferOf(data))
  const json = decodeJson(typeof data === 'string' ? data : bufferOf(data).toString())
  // A single byte that is not JSON is a small integer of msgpack.
  return json === undefined && data.length === 1 ? BigInt(first) : json
}

/** The bytes as a Buffer, without a copy of them. */
const bufferOf = (data: Uint8Array | string): Buffer =>
  typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength)

const decodeJson = (text: string): unknown => {
  try {
    return JSON.parse(text, exactNumbers)
  } catch (error) {
    // With a reviver the parser is recursive and fails on thousands of levels. Without one it succeeds, but integers
    // are `number`.
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
 * The decoder rejects maps with the key `__proto__`. Payloads that contain the word are decoded with a prefix on every
 * key, which is removed afterwards. This is slower, because the decoder then does not cache its keys. A list as a key
 * can also become `__proto__`, so converted keys get the prefix too.
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
      ? exactMsgpack(decode(bytes, PREFIX_OPTIONS), KEY_PREFIX.length)
      : exactMsgpack(decode(bytes, OPTIONS))
  } catch {
    return undefined
  }
}

/**
 * Makes `bigint` of integers, which the decoder returns as `number` if they have at most 32 bits, and removes the first
 * `prefixLength` characters of every key. The recursion is as deep as the one of the decoder.
 */
const exactMsgpack = (value: unknown, prefixLength = 0): unknown => {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map((inner) => exactMsgpack(inner, prefixLength))
  if (isMap(value))
    // `fromEntries` defines own properties, also for `__proto__`.
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key.slice(prefixLength), exactMsgpack(inner, prefixLength)]),
    )
  return value
}

/** A map of a decoded payload. */
export type PayloadMap = Readonly<Record<string, unknown>>

/** Whether a decoded value is a map: not a list, binary or an instant. */
export const isMap = (value: unknown): value is PayloadMap =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof PayloadInstant)
