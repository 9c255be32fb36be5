import type { Condition, ConditionGroup, FieldCondition } from './condition.ts'
import { OPERATORS, type Outcome } from './operators.ts'
import { isList, lengthOf } from './python/values.ts'

/** Returns the value of one field of a resource, or `MISSING` if the resource has no such field. */
export type Lookup = (field: string) => unknown
export const MISSING = Symbol('missing')

/**
 * Evaluates a condition with SpecStar's three-valued logic. All conditions of a group are evaluated, even if the first
 * of them determine the result, so that an error in any condition is thrown. Throws `NoOrderError` if two values
 * cannot be ordered.
 */
export const evaluate = (condition: Condition, lookup: Lookup): Outcome =>
  condition.kind === 'field' ? evaluateField(condition, lookup(condition.field)) : evaluateGroup(condition, lookup)

const evaluateGroup = ({ kind, conditions }: ConditionGroup, lookup: Lookup): Outcome => {
  const outcomes = conditions.map((condition) => evaluate(condition, lookup))
  switch (kind) {
    case 'and':
      return outcomes.includes(false) ? false : outcomes.includes(null) ? null : true
    case 'or':
      return outcomes.includes(true) ? true : outcomes.includes(null) ? null : false
    case 'not':
      return outcomes.includes(false) ? true : outcomes.includes(null) ? null : false
  }
}

const evaluateField = ({ operator, value, length, quantifier, test }: FieldCondition, stored: unknown): Outcome => {
  const { ifMissing, ifNull } = OPERATORS[operator]
  if (stored === MISSING) return ifMissing?.(value) ?? null
  if (stored === null) return ifNull?.(value) ?? null
  const actual = length ? lengthOf(stored) : stored
  if (actual === undefined) return null
  if (quantifier === undefined) return test(actual)
  if (!isList(actual)) return null
  const outcomes = actual.map(test)
  return quantifier === 'any' ? outcomes.includes(true) : !outcomes.includes(false)
}
