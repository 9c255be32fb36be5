import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FilterError } from '../../shared/filters/errors.ts'
import { compileFilters, type Filters } from '../../shared/filters/filters.ts'
import type { Item } from '../../shared/tables/item.ts'
import { certainty, NoOrder, type Question, type Tree, type Value } from './naive.ts'

const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -3, max: 12 }),
  fc.constantFrom('', 'a', 'ab', 'b', '1', 'True', 'é', '勇', '🔥', '\uffee'),
)
const value: fc.Arbitrary<Value> = fc.oneof({ weight: 4, arbitrary: scalar }, fc.array(scalar, { maxLength: 3 }))
const field = fc.constantFrom('a', 'b', 'c.d')
const index = fc.dictionary(field, value, { maxKeys: 3 })

const ASKING_TRUTH = ['is_null', 'isna', 'exists']
const question: fc.Arbitrary<Question> = fc
  .tuple(
    field,
    fc.constantFrom('eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'not_in', 'contains', 'starts_with', ...ASKING_TRUTH),
    value,
    fc.boolean(),
  )
  .map(([name, operator, wanted, truth]) => ({
    field: name,
    operator,
    value: ASKING_TRUTH.includes(operator) ? truth : wanted,
  }))

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    question,
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((some) => ({ some })),
    tie('tree').map((not) => ({ not })),
  ),
}))

const METHODS: Readonly<Record<string, string>> = { in: 'in_' }

/** A tree as an expression of `qb`, in one of the two ways to write a group. */
const expression = (of: Tree): string => {
  if ('all' in of)
    return of.all.length % 2 === 0 ? group(of.all, ' & ') : `QB.all(${of.all.map(expression).join(', ')})`
  if ('some' in of)
    return of.some.length % 2 === 0 ? group(of.some, ' | ') : `QB.any(${of.some.map(expression).join(', ')})`
  if ('not' in of) return `~(${expression(of.not)})`
  return `QB[${JSON.stringify(of.field)}].${METHODS[of.operator] ?? of.operator}(${python(of.value)})`
}
const group = (members: readonly Tree[], operator: string): string =>
  members.map((one) => `(${expression(one)})`).join(operator)

const python = (wanted: Value): string => {
  if (wanted === null) return 'None'
  if (typeof wanted === 'boolean') return wanted ? 'True' : 'False'
  return Array.isArray(wanted) ? `[${(wanted as readonly Value[]).map(python).join(', ')}]` : JSON.stringify(wanted)
}

const resources = fc.array(index, { minLength: 1, maxLength: 8 })
const scope = { model: { name: 'm', indexed: [], references: [] }, askedAt: new Date('2026-11-24T00:00:00Z') }
const itemOf = (values: Readonly<Record<string, Value>>, k: number): Item => ({
  resource_id: { S: `r${k}` },
  indexed_data: { S: JSON.stringify(values) },
})

/** The places of what is taken, or that some value has no order with what is asked. */
const taken = (filters: Filters, items: readonly Item[]): readonly number[] | 'no order' => {
  const takes = compileFilters(filters, scope)
  try {
    return items.flatMap((item, k) => (takes(item) ? [k] : []))
  } catch (error) {
    if (error instanceof FilterError) return 'no order'
    throw error
  }
}

const naively = (of: Tree | readonly Question[], indexes: readonly Readonly<Record<string, Value>>[]) => {
  const isTaken = (values: Readonly<Record<string, Value>>): boolean =>
    'length' in of ? of.every((one) => certainty(one, values) === 1) : certainty(of, values) === 1
  try {
    return indexes.flatMap((values, k) => (isTaken(values) ? [k] : []))
  } catch (error) {
    if (error instanceof NoOrder) return 'no order'
    throw error
  }
}

describe('any filter takes what a naive reading of it takes', () => {
  it('as an expression of qb', () => {
    fc.assert(
      fc.property(tree, resources, (asked, indexes) => {
        expect(taken({ qb: expression(asked) }, indexes.map(itemOf))).toEqual(naively(asked, indexes))
      }),
      { numRuns: 3_000 },
    )
  })

  it.each(['conditions', 'data_conditions'] as const)('as %s', (parameter) => {
    fc.assert(
      fc.property(fc.array(question, { maxLength: 3 }), resources, (asked, indexes) => {
        const text = JSON.stringify(asked.map(({ field: field_path, ...rest }) => ({ field_path, ...rest })))
        expect(taken({ [parameter]: text }, indexes.map(itemOf))).toEqual(naively(asked, indexes))
      }),
      { numRuns: 2_000 },
    )
  })
})
