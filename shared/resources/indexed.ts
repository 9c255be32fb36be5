import { floatText } from '../values/float-text.ts'
import type { Model } from './models.ts'
import { decodePayload, PayloadInstant } from './payload.ts'
import { sameValue, valueAt } from './payload-values.ts'

/** An indexed value that differs from the payload. The values are JSON texts, or `absent` if there is no value. */
export interface IndexedDifference {
  readonly key: string
  readonly expected: string
  readonly actual: string
}

/**
 * The values that `indexed_data` must contain for a decoded payload, in the order of `models.json`: null if a step of
 * the path is missing.
 */
export const indexedValues = (model: Pick<Model, 'indexed'>, payload: unknown): [key: string, value: unknown][] =>
  model.indexed.map(({ key, path }) => [key, indexable(valueAt(payload, path))])

/** SpecStar indexes NaN and the infinities as null, because JSON has no text for them. */
const indexable = (value: unknown): unknown =>
  value === undefined || (typeof value === 'number' && !Number.isFinite(value)) ? null : value

/**
 * Compares the stored `indexed_data` with the values of the payload. Keys that the model does not list (of an index
 * that was removed) are ignored. If the payload cannot be decoded (undefined), nothing is compared.
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

/** A key of an index is one step, even if it contains dots. */
const memberOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined

/** The text of `indexed_data`: integers as digits, floats with a fraction or an exponent. */
export const indexedText = (values: readonly (readonly [key: string, value: unknown])[]): string =>
  `{${values.map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`).join(',')}}`

/**
 * The JSON text of a decoded value: integers (`bigint`) as digits, floats (`number`) with a fraction or an exponent,
 * NaN and the infinities as null. `absent` for undefined.
 */
export const jsonText = (value: unknown): string => {
  if (value === undefined) return 'absent'
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? floatText(value) : 'null'
  if (value instanceof PayloadInstant) return JSON.stringify(value.text)
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  if (typeof value === 'object' && value !== null) return indexedText(Object.entries(value))
  return JSON.stringify(value)
}
