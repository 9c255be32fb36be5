import { must } from '../values/must.ts'
import { type OperatorName, OPERATORS, type Outcome } from './operators.ts'

export type Quantifier = 'any' | 'all'

/** Compares one field with a value. */
export interface FieldCondition {
  readonly kind: 'field'
  readonly field: string
  readonly operator: OperatorName
  /** A Python value (`python/values.ts`). */
  readonly value: unknown
  /** True if the length of the field's value is compared instead of the value. */
  readonly length: boolean
  /** If present, the elements of a list are compared instead of the list. */
  readonly quantifier?: Quantifier
  /** The compiled test. It receives a value that is not null or, if there is a quantifier, one element of a list. */
  readonly test: (actual: unknown) => Outcome
}

export interface ConditionGroup {
  readonly kind: 'and' | 'or' | 'not'
  /** A group `not` has exactly one condition. */
  readonly conditions: readonly Condition[]
}

export type Condition = FieldCondition | ConditionGroup

interface FieldConditionOptions {
  readonly length?: boolean
  readonly quantifier?: Quantifier | undefined
}

/**
 * Creates a condition and compiles its test. The caller must not pass a quantifier with an operator that does not
 * support quantifiers. Throws `RegexError` for an invalid regular expression.
 */
export const fieldCondition = (
  field: string,
  operator: OperatorName,
  value: unknown,
  { length = false, quantifier }: FieldConditionOptions = {},
): FieldCondition => {
  const { compile, compileElement } = OPERATORS[operator]
  return quantifier === undefined
    ? { kind: 'field', field, operator, value, length, test: compile(value) }
    : { kind: 'field', field, operator, value, length, quantifier, test: must(compileElement)(value) }
}

/** Returns the first condition with an operator that rejects lists and a field that is in `listFields`. */
export const findRejectedForList = (
  condition: Condition,
  listFields: ReadonlySet<string>,
): FieldCondition | undefined => {
  if (condition.kind === 'field') {
    const { quantifier, operator, field } = condition
    const isRejected = quantifier === undefined && OPERATORS[operator].rejectsLists === true && listFields.has(field)
    return isRejected ? condition : undefined
  }
  for (const inner of condition.conditions) {
    const found = findRejectedForList(inner, listFields)
    if (found !== undefined) return found
  }
  return undefined
}
