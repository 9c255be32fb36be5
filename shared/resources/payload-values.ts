import { instantOf } from '../values/instant.ts'
import { isMap, PayloadInstant } from './payload.ts'

/** The value at a dotted path (`profile.address.city`) of a decoded payload. Undefined if a step is missing. */
export const valueAt = (payload: unknown, dottedPath: string): unknown => {
  let value = payload
  for (const step of dottedPath.split('.')) {
    if (!isMap(value) || !Object.hasOwn(value, step)) return undefined
    value = value[step]
  }
  return value
}

/** All values at a dotted path. A list along the path or at its end is replaced by its elements, at any depth. */
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
 * Whether two values of payloads or indexes are equal: numbers by value, instants by time (an instant equals a text of
 * the same time), maps regardless of the order of their keys.
 */
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
  // 1 equals 1.0: decoded msgpack cannot distinguish them, and in JSON the digest of the item does.
  if (typeof a === 'bigint' && typeof b === 'number') return a === integerOf(b)
  if (typeof a === 'number' && typeof b === 'bigint') return integerOf(a) === b
  return Object.is(a, b)
}

const integerOf = (value: number): bigint | undefined => (Number.isInteger(value) ? BigInt(value) : undefined)

const instantText = (value: unknown): string | undefined => {
  if (value instanceof PayloadInstant) return value.text
  return typeof value === 'string' ? instantOf(value) : undefined
}
