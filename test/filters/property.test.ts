import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { compileFilters, type Filters } from '../../shared/filters/filters.ts'
import type { Item } from '../../shared/tables/item.ts'
import { certainty, NoOrder, type Comparison, type Tree, type Value } from './naive.ts'

const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -3, max: 12 }),
  fc.constantFrom('', 'a', 'ab', 'b', '1', 'True', 'é', '勇', '🔥', '\uffee'),
)
const value: fc.Arbitrary<Value> = fc.oneof({ weight: 4, arbitrary: scalar }, fc.array(scalar, { maxLength: 3 }))
const field = fc.constantFrom('a', 'b', 'c.d')
const index = fc.dictionary(field, value, { maxKeys: 3 })

const BOOLEAN_OPERATORS = ['is_null', 'isna', 'exists']
const comparison: fc.Arbitrary<Comparison> = fc
  .tuple(
    field,
    fc.constantFrom(
      'eq',
      'ne',
      'gt',
      'gte',
      'lt',
      'lte',
      'in',
      'not_in',
      'contains',
      'starts_with',
      ...BOOLEAN_OPERATORS,
    ),
    value,
    fc.boolean(),
  )
  .map(([name, operator, expected, isTrue]) => ({
    field: name,
    operator,
    value: BOOLEAN_OPERATORS.includes(operator) ? isTrue : expected,
  }))

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    comparison,
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((some) => ({ some })),
    tie('tree').map((not) => ({ not })),
  ),
}))

const METHODS: Readonly<Record<string, string>> = { in: 'in_' }

/** Writes a tree as an expression of `qb`. Groups use both notations. */
const expression = (of: Tree): string => {
  if ('all' in of)
    return of.all.length % 2 === 0 ? group(of.all, ' & ') : `QB.all(${of.all.map(expression).join(', ')})`
  if ('some' in of)
    return of.some.length % 2 === 0 ? group(of.some, ' | ') : `QB.any(${of.some.map(expression).join(', ')})`
  if ('not' in of) return `~(${expression(of.not)})`
  return `QB[${JSON.stringify(of.field)}].${METHODS[of.operator] ?? of.operator}(${python(of.value)})`
}
const group = (members: readonly Tree[], operator: string): string =>
  members.map((member) => `(${expression(member)})`).join(operator)

const python = (value: Value): string => {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  return Array.isArray(value) ? `[${(value as readonly Value[]).map(python).join(', ')}]` : JSON.stringify(value)
}

const resources = fc.array(index, { minLength: 1, maxLength: 8 })
const scope = { model: { name: 'm', indexed: [], references: [] }, requestedAt: new Date('2026-11-24T00:00:00Z') }
const itemOf = (values: Readonly<Record<string, Value>>, k: number): Item => ({
  resource_id: { S: `r${k}` },
  indexed_data: { S: JSON.stringify(values) },
})

/** The indexes of the matching resources, or `no order` if a comparison fails. */
const matching = (filters: Filters, items: readonly Item[]): readonly number[] | 'no order' => {
  const matches = compileFilters(filters, scope)
  try {
    return items.flatMap((item, k) => (matches(item) ? [k] : []))
  } catch (error) {
    if (error instanceof FilterError) return 'no order'
    throw error
  }
}

const matchingNaively = (of: Tree | readonly Comparison[], indexes: readonly Readonly<Record<string, Value>>[]) => {
  const matches = (values: Readonly<Record<string, Value>>): boolean =>
    'length' in of ? of.every((comparison) => certainty(comparison, values) === 1) : certainty(of, values) === 1
  try {
    return indexes.flatMap((values, k) => (matches(values) ? [k] : []))
  } catch (error) {
    if (error instanceof NoOrder) return 'no order'
    throw error
  }
}

describe('a random filter matches the same resources as in a naive implementation', () => {
  it('if it is an expression of qb', () => {
    fc.assert(
      fc.property(tree, resources, (filter, indexes) => {
        expect(matching({ qb: expression(filter) }, indexes.map(itemOf))).toEqual(matchingNaively(filter, indexes))
      }),
      { numRuns: 3_000 },
    )
  })

  it.each(['conditions', 'data_conditions'] as const)('if it is the parameter %s', (parameter) => {
    fc.assert(
      fc.property(fc.array(comparison, { maxLength: 3 }), resources, (comparisons, indexes) => {
        const text = JSON.stringify(comparisons.map(({ field: field_path, ...rest }) => ({ field_path, ...rest })))
        expect(matching({ [parameter]: text }, indexes.map(itemOf))).toEqual(matchingNaively(comparisons, indexes))
      }),
      { numRuns: 2_000 },
    )
  })
})
