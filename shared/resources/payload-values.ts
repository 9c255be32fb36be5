import { toBase64 } from '../values/base64.ts'
import { instantOf } from '../values/instant.ts'
import { isMap, PayloadInstant } from './payload.ts'

/**
 * Returns the value at a dotted path, for example `profile.address.city`, of a decoded payload. Returns undefined if
 * the payload does not contain the path.
 */
export const valueAt = (payload: unknown, dottedPath: string): unknown => {
  let value = payload
  for (const step of dottedPath.split('.')) {
    if (!isMap(value) || !Object.hasOwn(value, step)) return undefined
    value = value[step]
  }
  return value
}

/**
 * Returns all values at a dotted path of a decoded payload. If the value at a step is a list, the path continues in
 * each of its elements. Lists in lists are treated in the same way. A list at the end of the path is replaced by its
 * elements.
 */
export const valuesAt = (payload: unknown, dottedPath: string): unknown[] => {
  let values = [payload]
  for (const step of dottedPath.split('.'))
    values = values
      .flatMap(flatten)
      .flatMap((value) => (isMap(value) && Object.hasOwn(value, step) ? [value[step]] : []))
  return values.flatMap(flatten)
}

const flatten = (value: unknown): unknown[] => (Array.isArray(value) ? value.flatMap(flatten) : [value])

/**
 * Returns true if two decoded values are equal, even if one was decoded from msgpack and the other from JSON. Numbers
 * are compared by value, so `1` equals `1.0`. A timestamp equals a timestamp or a string of the same time. Binary
 * values equal their Base64. NaN and the infinities equal null. The order of the keys of maps does not matter.
 */
export const sameValue = (a: unknown, b: unknown): boolean => {
  if (a instanceof PayloadInstant) return instantText(b) === a.text
  if (b instanceof PayloadInstant) return instantText(a) === b.text
  // In JSON, SpecStar writes binary values of msgpack as strings, and NaN and the infinities as null.
  if (a instanceof Uint8Array) return base64Text(b) === toBase64(a)
  if (b instanceof Uint8Array) return base64Text(a) === toBase64(b)
  if (isNonFinite(a)) return b === null || Object.is(a, b)
  if (isNonFinite(b)) return a === null
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, k) => sameValue(one, b[k]))
  if (isMap(a) && isMap(b)) {
    const keys = Object.keys(a)
    return (
      keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
    )
  }
  // `1` must equal `1.0`, because decoded msgpack does not distinguish them. If both values are from JSON, the digest
  // of the item still detects the difference.
  if (typeof a === 'bigint' && typeof b === 'number') return a === integerOf(b)
  if (typeof a === 'number' && typeof b === 'bigint') return integerOf(a) === b
  return Object.is(a, b)
}

/** Returns a float without a fraction as an integer, and undefined for any other float. */
const integerOf = (value: number): bigint | undefined => (Number.isInteger(value) ? BigInt(value) : undefined)

/** Returns true if the value is NaN or an infinity, which JSON cannot express. */
export const isNonFinite = (value: unknown): boolean => typeof value === 'number' && !Number.isFinite(value)

/** Returns the Base64 of a binary value. Returns any other value unchanged. */
const base64Text = (value: unknown): unknown => (value instanceof Uint8Array ? toBase64(value) : value)

/** Returns the time of a timestamp or of a string, in UTC. Returns undefined if the value is not a time. */
const instantText = (value: unknown): string | undefined => {
  if (value instanceof PayloadInstant) return value.text
  return typeof value === 'string' ? instantOf(value) : undefined
}
