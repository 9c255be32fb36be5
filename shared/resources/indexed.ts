import { toBase64 } from '../values/base64.ts'
import { floatText } from '../values/float-text.ts'
import type { Model } from './models.ts'
import { decodePayload, PayloadInstant } from './payload.ts'
import { isNonFinite, sameValue, valueAt } from './payload-values.ts'

/**
 * A value in `indexed_data` that differs from the payload. `expected` and `actual` are JSON strings, or `absent` if
 * there is no value.
 */
export interface IndexedDifference {
  readonly key: string
  readonly expected: string
  readonly actual: string
}

/**
 * Returns the keys and values that `indexed_data` must contain for a decoded payload, in the order of `models.json`. If
 * the payload does not contain the path of a key, the value of the key is null.
 */
export const indexedValues = (model: Pick<Model, 'indexed'>, payload: unknown): [key: string, value: unknown][] =>
  model.indexed.map(({ key, path }) => [key, indexable(valueAt(payload, path))])

/** Returns the value that SpecStar indexes. NaN and the infinities become null, because JSON cannot express them. */
const indexable = (value: unknown): unknown => (value === undefined || isNonFinite(value) ? null : value)

/**
 * Compares the stored `indexed_data` with a decoded payload, and returns the differences. Keys that the model does not
 * list are ignored, because they may belong to an index that was removed from the model. If `payload` is undefined,
 * because it could not be decoded, returns an empty list.
 */
export const indexedDifferences = (
  model: Pick<Model, 'indexed'>,
  indexedData: string | undefined,
  payload: unknown,
): IndexedDifference[] => {
  if (payload === undefined) return []
  const stored = indexedData === undefined ? undefined : decodePayload(indexedData)
  return indexedValues(model, payload).flatMap(([key, expected]) => {
    const actual = memberOf(stored, key)
    return actual !== undefined && sameValue(expected, actual)
      ? []
      : [{ key, expected: jsonText(expected), actual: jsonText(actual) }]
  })
}

/** Returns a member of `indexed_data`. A dot in the key does not separate steps of a path. */
const memberOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined

/** Returns the JSON string of `indexed_data` for these keys and values. `jsonText` describes the format of numbers. */
export const indexedText = (values: readonly (readonly [key: string, value: unknown])[]): string =>
  `{${values.map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`).join(',')}}`

/**
 * Returns a decoded value as a JSON string. Integers (`bigint`) are written without a fraction, and floats (`number`)
 * with a fraction or an exponent. NaN and the infinities become `null`, and binary values become Base64. `undefined`
 * becomes `absent`, which is not valid JSON.
 */
export const jsonText = (value: unknown): string => {
  if (value === undefined) return 'absent'
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? floatText(value) : 'null'
  if (value instanceof PayloadInstant) return JSON.stringify(value.text)
  if (value instanceof Uint8Array) return JSON.stringify(toBase64(value))
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  if (typeof value === 'object' && value !== null) return indexedText(Object.entries(value))
  return JSON.stringify(value)
}
