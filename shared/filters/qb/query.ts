import type { Condition } from '../condition.ts'
import { conditionOf, type Parameter, QbCondition, QbField, QbFunction, QbNamespace } from './objects.ts'
import { QbError } from './syntax.ts'

/** Conditions put together, and `QB` itself. */

/** What every resource meets adds nothing, neither to `and` nor to `or`: so does SpecStar. */
const joined = (kind: 'and' | 'or', a: Condition | undefined, b: Condition | undefined): Condition | undefined =>
  a === undefined || b === undefined ? (a ?? b) : { kind, conditions: [a, b] }

export const join = (kind: 'and' | 'or', left: unknown, right: unknown, at: number): QbCondition =>
  new QbCondition(joined(kind, conditionOf(left, at), conditionOf(right, at)))

/** `~`: of a field, that its value is nothing. */
export const negated = (value: unknown, at: number): QbCondition => {
  const condition = conditionOf(value, at)
  if (condition === undefined) throw new QbError('what every resource meets cannot be turned round', at)
  return new QbCondition({ kind: 'not', conditions: [condition] })
}

interface QueryMethod {
  readonly parameters: readonly Parameter[]
  readonly rest: boolean
  readonly make: (of: unknown, values: readonly unknown[], at: number) => QbCondition
}

const OTHER: readonly Parameter[] = [['other']]

/** Methods of conditions, and of fields as conditions. */
export const QUERY_METHODS: ReadonlyMap<string, QueryMethod> = new Map<string, QueryMethod>([
  ['and_', { parameters: OTHER, rest: false, make: (of, [other], at) => join('and', of, other, at) }],
  ['or_', { parameters: OTHER, rest: false, make: (of, [other], at) => join('or', of, other, at) }],
  ['filter', { parameters: [], rest: true, make: (of, values, at) => all(of, values, at) }],
  [
    'exclude',
    {
      parameters: [],
      rest: true,
      make: (of, values, at) =>
        all(
          of,
          values.map((one) => negated(one, at)),
          at,
        ),
    },
  ],
])

const all = (of: unknown, values: readonly unknown[], at: number): QbCondition =>
  values.reduce<QbCondition>((sum, one) => join('and', sum, one, at), new QbCondition(conditionOf(of, at)))

const combinator = (kind: 'and' | 'or', values: readonly unknown[], at: number): unknown => {
  const conditions = values.map((value) => conditionOf(value, at))
  // One alone stays what it is: a field goes on as a field.
  if (values.length === 1) return values[0]
  return new QbCondition({ kind, conditions: conditions.filter((condition) => condition !== undefined) })
}

const METADATA = [
  'resource_id',
  'current_revision_id',
  'created_time',
  'updated_time',
  'created_by',
  'updated_by',
  'is_deleted',
  'schema_version',
  'total_revision_count',
  'rev_status',
  'rev_created_by',
  'rev_updated_by',
  'rev_created_time',
  'rev_updated_time',
]

/** `QB`: the fields of metadata as functions, `all` and `any`. Indexed fields are `QB["…"]`. */
export const QB = new QbNamespace(
  'QB',
  new Map<string, unknown>([
    ...METADATA.map(
      (name) => [name, new QbFunction({ name: `QB.${name}`, parameters: [] }, () => new QbField(name))] as const,
    ),
    [
      'all',
      new QbFunction({ name: 'QB.all', parameters: [], rest: true }, (values, at) =>
        values.length === 0 ? new QbCondition(undefined) : combinator('and', values, at),
      ),
    ],
    [
      'any',
      new QbFunction({ name: 'QB.any', parameters: [], rest: true }, (values, at) => {
        if (values.length === 0) throw new QbError('QB.any() takes one condition at least', at)
        return combinator('or', values, at)
      }),
    ],
  ]),
)

const DISTANCES = ['cosine', 'l2', 'ip']
const TRIGRAMS = ['fuzzy', 'similarity']
const PAGING = ['sort', 'order_by', 'limit', 'offset', 'page', 'first', 'asc', 'desc']

/** Why a method of SpecStar's is not taken here. */
export const refusal = (name: string): string | undefined => {
  if (DISTANCES.includes(name)) return `.${name}() is not taken: there is no index of vectors here`
  if (TRIGRAMS.includes(name)) return `.${name}() is not taken: there is no index of trigrams here`
  if (PAGING.includes(name)) return `.${name}() belongs to search: a backup takes all that matches, in its own order`
  return undefined
}
