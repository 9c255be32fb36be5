import type { Condition } from '../condition.ts'
import { METADATA_FIELDS } from '../resource-fields.ts'
import { conditionOf, type Method, QbCondition, QbField, QbFunction, QbNamespace } from './objects.ts'
import type { Parameter } from './signature.ts'
import { QbError } from './syntax.ts'

type GroupKind = 'and' | 'or'

/** Joins two conditions. As in SpecStar, `QB.all()` (undefined) is ignored, both in `and` and in `or`. */
const joinConditions = (kind: GroupKind, a: Condition | undefined, b: Condition | undefined): Condition | undefined =>
  a === undefined || b === undefined ? (a ?? b) : { kind, conditions: [a, b] }

/** Evaluates `left & right` or `left | right`. Throws `QbError` if an operand is not a condition. */
export const join = (kind: GroupKind, left: unknown, right: unknown, at: number): QbCondition =>
  new QbCondition(joinConditions(kind, conditionOf(left, at), conditionOf(right, at)))

/** Evaluates `~value`. Throws `QbError` if the value is not a condition or is `QB.all()`. */
export const negate = (value: unknown, at: number): QbCondition => {
  const condition = conditionOf(value, at)
  if (condition === undefined) throw new QbError('QB.all() cannot be negated: it would match nothing', at)
  return new QbCondition({ kind: 'not', conditions: [condition] })
}

type QueryMethod = Method<QbField | QbCondition>

const OTHER: readonly Parameter[] = [['other']]

/** The methods of conditions, and of fields that are used as conditions. */
export const QUERY_METHODS: ReadonlyMap<string, QueryMethod> = new Map<string, QueryMethod>([
  ['and_', { parameters: OTHER, make: (of, [other], at) => join('and', of, other, at) }],
  ['or_', { parameters: OTHER, make: (of, [other], at) => join('or', of, other, at) }],
  ['filter', { parameters: [], variadic: true, make: (of, values, at) => joinAll(of, values, at) }],
  [
    'exclude',
    {
      parameters: [],
      variadic: true,
      make: (of, values, at) => {
        const negated = values.map((value) => negate(value, at))
        return joinAll(of, negated, at)
      },
    },
  ],
])

const joinAll = (of: unknown, values: readonly unknown[], at: number): QbCondition =>
  values.reduce<QbCondition>((joined, value) => join('and', joined, value, at), new QbCondition(conditionOf(of, at)))

const group = (kind: GroupKind, values: readonly unknown[], at: number): unknown => {
  const conditions = values.map((value) => conditionOf(value, at))
  // A single argument is returned unchanged, so that a field can still be compared.
  if (values.length === 1) return values[0]
  return new QbCondition({ kind, conditions: conditions.filter((condition) => condition !== undefined) })
}

/**
 * The namespace `QB`. It has a function for each field of the metadata, and the functions `all` and `any`. `QB["…"]` is
 * not in this set, because it is evaluated as a subscript.
 */
export const QB = new QbNamespace(
  'QB',
  new Map<string, unknown>([
    ...METADATA_FIELDS.map(
      (name) => [name, new QbFunction({ name: `QB.${name}`, parameters: [] }, () => new QbField(name))] as const,
    ),
    [
      'all',
      new QbFunction({ name: 'QB.all', parameters: [], variadic: true }, (values, at) =>
        values.length === 0 ? new QbCondition(undefined) : group('and', values, at),
      ),
    ],
    [
      'any',
      new QbFunction({ name: 'QB.any', parameters: [], variadic: true }, (values, at) => {
        if (values.length === 0) throw new QbError('QB.any() requires at least one condition', at)
        return group('or', values, at)
      }),
    ],
  ]),
)

const VECTOR_METHODS = ['cosine', 'l2', 'ip']
const TRIGRAM_METHODS = ['fuzzy', 'similarity']
const SEARCH_METHODS = ['sort', 'order_by', 'limit', 'offset', 'page', 'first', 'asc', 'desc']

/** Returns the reason why a method of SpecStar is not supported, or undefined for any other name. */
export const explainUnsupportedMethod = (name: string): string | undefined => {
  if (VECTOR_METHODS.includes(name)) return `\`.${name}()\` is not supported: there is no vector index`
  if (TRIGRAM_METHODS.includes(name)) return `\`.${name}()\` is not supported: there is no trigram index`
  if (SEARCH_METHODS.includes(name))
    return `\`.${name}()\` is not supported: it belongs to search, and a backup contains everything that matches`
  return undefined
}
