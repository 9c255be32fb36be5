import { decode, decodeTimestampToTimeSpec, EXT_TIMESTAMP, ExtensionCodec } from '@msgpack/msgpack'
import { instantOf } from '../values/instant.ts'
import type { Model, RefType } from './models.ts'

/** An instant inside a msgpack payload; `text` in UTC with microseconds. */
export class PayloadInstant {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/**
 * Decodes a payload by looking at its bytes: JSON or msgpack, the two encodings of SpecStar. Undefined where it is neither.
 * Integers come as `bigint` and floats as `number`, so that big integers keep their digits and `1.0` is not `1`; msgpack's
 * whole floats come as `bigint` too (the decoder does not tell them apart). Instants of msgpack are `PayloadInstant`.
 */
export const decodePayload = (data: Uint8Array | string): unknown => {
  const first = typeof data === 'string' ? data.charCodeAt(0) : (data[0] ?? 0)
  // No JSON text begins beyond ASCII; msgpack maps and lists do.
  if (first >= 0x80) return decodeMsgpack(bufferOf(data))
  const json = decodeJson(typeof data === 'string' ? data : bufferOf(data).toString())
  // What is one byte and no JSON is one of msgpack's small integers.
  return json === undefined && data.length === 1 ? BigInt(first) : json
}

/** The bytes, without a copy of them. */
const bufferOf = (data: Uint8Array | string): Buffer =>
  typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength)

declare global {
  interface JSON {
    // ES2025 gives the reviver the source text of a primitive; TypeScript's library does not know it yet.
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown
  }
}

const INTEGER = /^-?\d+$/

/** A reviver that reads integers as `bigint`. */
export const exactNumbers = (_key: string, value: unknown, { source }: { source?: string }): unknown =>
  typeof value === 'number' && source !== undefined && INTEGER.test(source) ? BigInt(source) : value

const decodeJson = (text: string): unknown => {
  try {
    return JSON.parse(text, exactNumbers)
  } catch (error) {
    // Nesting of thousands of levels: the parser itself can, the reviver is recursive. Only its numbers are less exact.
    return error instanceof RangeError ? decodePlainJson(text) : undefined
  }
}

const decodePlainJson = (text: string): unknown => {
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
 * The decoder refuses the key `__proto__`, and a list as a key may become one. Payloads that hold the word are read with a
 * mark before every key, which is slower: the decoder's cache of keys is left aside.
 */
const PROTO = '__proto__'
const MARK = '.'
const MARKED_OPTIONS = {
  ...OPTIONS,
  keyDecoder: {
    canBeCached: () => true,
    decode: (bytes: Uint8Array, start: number, length: number) =>
      MARK + bufferOf(bytes.subarray(start, start + length)).toString(),
  },
  mapKeyConverter: (key: unknown) => (typeof key === 'string' ? key : MARK + String(key)),
} as const

const decodeMsgpack = (bytes: Buffer): unknown => {
  try {
    return bytes.includes(PROTO)
      ? exactMsgpack(decode(bytes, MARKED_OPTIONS), MARK.length)
      : exactMsgpack(decode(bytes, OPTIONS))
  } catch {
    return undefined
  }
}

/**
 * Integers of 32 bits and fewer come out of the decoder as numbers, and keys with a mark of some length. Recursion as deep as
 * the decoder's own result.
 */
const exactMsgpack = (value: unknown, mark = 0): unknown => {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map((inner) => exactMsgpack(inner, mark))
  if (isMap(value))
    // Makes own properties, also of `__proto__`.
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.slice(mark), exactMsgpack(inner, mark)]))
  return value
}

type PlainMap = Readonly<Record<string, unknown>>

/** A map of the payload: not a list, bytes or an instant. */
const isMap = (value: unknown): value is PlainMap =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Uint8Array) &&
  !(value instanceof PayloadInstant)

/** What a payload says of a blob that it refers to (SpecStar's Binary). */
export interface BlobRef {
  readonly file_id: string
  readonly size?: unknown
  readonly content_type?: unknown
}

const REF_KEYS = ['file_id', 'size', 'content_type']

/** Every blob that a payload refers to, at any depth: a map with a text `file_id`, not empty, and no keys but `size` and `content_type`. */
export const blobRefs = (payload: unknown): BlobRef[] => {
  const refs: BlobRef[] = []
  // A stack of one's own: payloads may nest deeper than calls can.
  const rest: unknown[] = [payload]
  while (rest.length > 0) {
    const value = rest.pop()
    if (Array.isArray(value)) for (const inner of value) rest.push(inner)
    else if (isMap(value)) {
      const { file_id, size, content_type } = value
      if (typeof file_id === 'string' && file_id !== '' && Object.keys(value).every((key) => REF_KEYS.includes(key)))
        refs.push({
          file_id,
          ...(size === undefined ? {} : { size }),
          ...(content_type === undefined ? {} : { content_type }),
        })
      else for (const inner of Object.values(value)) rest.push(inner)
    }
  }
  return refs
}

/** The value at a dotted path (`profile.address.city`). Undefined where a step is missing. */
export const valueAt = (payload: unknown, dottedPath: string): unknown => {
  let value = payload
  for (const step of dottedPath.split('.')) {
    if (!isMap(value) || !Object.hasOwn(value, step)) return undefined
    value = value[step]
  }
  return value
}

/** All values at a dotted path; a list on the way, or at its end, gives each of its elements. */
export const valuesAt = (payload: unknown, dottedPath: string): unknown[] => {
  let values = [payload]
  for (const step of dottedPath.split('.'))
    values = values.flatMap(flat).flatMap((value) => (isMap(value) && Object.hasOwn(value, step) ? [value[step]] : []))
  return values.flatMap(flat)
}

const flat = (value: unknown): unknown[] => (Array.isArray(value) ? value.flatMap(flat) : [value])

export interface Reference {
  readonly field: string
  readonly target: string
  readonly id: string
  readonly ref_type: RefType
}

/** What a payload refers to by the model's reference fields; null and empty text refer to nothing. */
export const references = (model: Pick<Model, 'references'>, payload: unknown): Reference[] =>
  model.references.flatMap(({ field, target, ref_type }) =>
    valuesAt(payload, field).flatMap((id) =>
      typeof id === 'string' && id !== '' ? [{ field, target, id, ref_type }] : [],
    ),
  )

/** Two values of payloads or indexes are the same: numbers by value, instants by time, maps whatever the order of their keys. */
export const sameValue = (a: unknown, b: unknown): boolean => {
  if (a instanceof PayloadInstant) return instantText(b) === a.text
  if (b instanceof PayloadInstant) return instantText(a) === b.text
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, k) => sameValue(one, b[k]))
  if (isMap(a) && isMap(b)) {
    const keys = Object.keys(a)
    return (
      keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
    )
  }
  // 1 and 1.0 are told apart by the digest of the item, and cannot be in msgpack.
  if (typeof a === 'bigint' && typeof b === 'number') return a === bigintOf(b)
  if (typeof a === 'number' && typeof b === 'bigint') return bigintOf(a) === b
  return Object.is(a, b)
}

const bigintOf = (value: number): bigint | undefined => (Number.isInteger(value) ? BigInt(value) : undefined)

const instantText = (value: unknown): string | undefined => {
  if (value instanceof PayloadInstant) return value.text
  return typeof value === 'string' ? instantOf(value) : undefined
}
