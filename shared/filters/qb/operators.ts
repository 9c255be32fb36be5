import type { Operator } from '../condition.ts'
import { areEqual, isOrdered, NoOrderError } from '../python/comparison.ts'
import { compute } from './arithmetic.ts'
import { describe, isQbObject, plain, QbCondition, QbField } from './objects.ts'
import { join } from './query.ts'
import { type BinaryOperator, type Comparison, COMPARISONS, placed, QbError } from './syntax.ts'

const ASKING: Readonly<Record<Comparison, Operator>> = {
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'lte',
  '>': 'gt',
  '>=': 'gte',
}
const TURNED: Readonly<Record<Comparison, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}
/** What these say between a field and a value. */
const OF_FIELDS: ReadonlyMap<BinaryOperator, Operator> = new Map([
  ['%', 'regex'],
  ['<<', 'in'],
  ['>>', 'contains'],
])

/** One operator between two values, fields or conditions. Throws `QbError`. */
export const binary = (left: unknown, operator: BinaryOperator, right: unknown, at: number): unknown => {
  if (isComparison(operator)) return compared(left, operator, right, at)
  if (operator === '&' || operator === '|') {
    if (!isQbObject(left) && !isQbObject(right)) return compute(left, operator, right, at)
    if (!isQbObject(left) || !isQbObject(right))
      throw new QbError(
        `${operator} stands between two conditions; it binds tighter than == and >: put these in parentheses`,
        at,
      )
    return join(operator === '&' ? 'and' : 'or', left, right, at)
  }
  const caller = OF_FIELDS.get(operator)
  if (left instanceof QbField && caller !== undefined) return new QbCondition(left.leaf(caller, plain(right, at), at))
  return compute(plain(left, at), operator, plain(right, at), at)
}

const isComparison = (operator: BinaryOperator): operator is Comparison => COMPARISONS.some((one) => one === operator)

const compared = (left: unknown, operator: Comparison, right: unknown, at: number): unknown => {
  if (isQbObject(left)) return asked(left, operator, right, at)
  if (isQbObject(right)) return asked(right, TURNED[operator], left, at)
  if (operator === '==') return areEqual(left, right)
  if (operator === '!=') return !areEqual(left, right)
  return placed(NoOrderError, at, () => isOrdered(left, operator, right))
}

/** Of a comparison only its field goes on: `1 < QB["a"] <= 20` is `QB["a"] <= 20`. */
const asked = (of: unknown, operator: Comparison, value: unknown, at: number): QbCondition => {
  const field = of instanceof QbField ? of : fieldOf(of, at)
  return new QbCondition(field.leaf(ASKING[operator], plain(value, at), at))
}

const fieldOf = (of: unknown, at: number): QbField => {
  if (of instanceof QbCondition && of.condition?.kind === 'leaf') return new QbField(of.condition.field)
  throw new QbError(`${describe(of)} is not compared: only a field, or one comparison, is`, at)
}
