import type { Model } from './models.ts'
import { decodePayload, PayloadInstant, sameValue, valueAt } from './payload.ts'

/** An indexed value that is not what the payload gives. Values as JSON text, `absent` where there is none. */
export interface IndexedDifference {
  readonly key: string
  readonly expected: string
  readonly actual: string
}

/** What a model's index holds of a payload: null where a step of the path is missing. In the order of `models.json`. */
export const indexedValues = (model: Pick<Model, 'indexed'>, payload: unknown): [key: string, value: unknown][] =>
  model.indexed.map(({ key, path }) => [key, indexable(valueAt(payload, path))])

/** NaN and the infinities have no JSON: SpecStar indexes them as null. */
const indexable = (value: unknown): unknown =>
  value === undefined || (typeof value === 'number' && !Number.isFinite(value)) ? null : value

/**
 * Compares stored `indexed_data` with what the payload gives by `models.json`. Keys that no model names (of an index that
 * was dropped) are passed over. An undecodable payload gives no index: nothing is compared.
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

/** Keys of an index may hold dots: they are one step. */
const memberOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined

/**
 * Writes `indexed_data` as the store holds it: integers as digits, a float as `JSON.stringify` writes it with `.0` after it
 * where it has neither `.` nor `e`, so that it stays a float.
 */
export const indexedText = (values: readonly (readonly [key: string, value: unknown])[]): string =>
  `{${values.map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`).join(',')}}`

/** JSON of a value of an index or a payload, every number as it came. */
export const jsonText = (value: unknown): string => {
  if (value === undefined) return 'absent'
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return floatText(value)
  if (value instanceof PayloadInstant) return JSON.stringify(value.text)
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  if (typeof value === 'object' && value !== null) return indexedText(Object.entries(value))
  return JSON.stringify(value)
}

const floatText = (value: number): string => {
  const text = JSON.stringify(value)
  return /[.en]/.test(text) ? text : `${text}.0`
}
