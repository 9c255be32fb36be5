import { must } from '../../values/must.ts'
import { OPERATOR_NAMES, type OperatorName, OPERATORS } from '../operators.ts'
import { areEqual, isOrdered, NoOrderError } from '../python/comparison.ts'
import { compute } from './arithmetic.ts'
import { describe, isQbObject, pythonValue, QbCondition, QbField } from './objects.ts'
import { join } from './query.ts'
import { type BinaryOperator, type ComparisonOperator, COMPARISON_OPERATORS, QbError, withOffset } from './syntax.ts'
import { uniqueNames } from './unique-names.ts'

const OPERATOR_OF_SYMBOL: ReadonlyMap<BinaryOperator, OperatorName> = uniqueNames(
  'binary operators of a field in qb',
  OPERATOR_NAMES.flatMap((name) => {
    const { symbol } = OPERATORS[name]
    return symbol === undefined ? [] : [[symbol, name] as const]
  }),
)

/**
 * Maps each comparison operator to the operator for exchanged operands. For example, `a < b` is the same as `b > a`.
 */
const MIRRORED: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

/**
 * Evaluates a binary operator whose operands are values, fields or conditions. Throws `QbError` for unsupported
 * operands.
 */
export const evaluateBinary = (left: unknown, operator: BinaryOperator, right: unknown, at: number): unknown => {
  if (isComparisonOperator(operator)) return compare(left, operator, right, at)
  if (operator === '&' || operator === '|') {
    if (!isQbObject(left) && !isQbObject(right)) return compute(left, operator, right, at)
    if (!isQbObject(left) || !isQbObject(right))
      throw new QbError(
        `\`${operator}\` needs a condition on both sides; \`${operator}\` binds tighter than \`==\` and \`>\`, so write parentheses around comparisons`,
        at,
      )
    return join(operator === '&' ? 'and' : 'or', left, right, at)
  }
  const ofField = OPERATOR_OF_SYMBOL.get(operator)
  if (left instanceof QbField && ofField !== undefined)
    return new QbCondition(left.compare(ofField, pythonValue(right, at), at))
  return compute(pythonValue(left, at), operator, pythonValue(right, at), at)
}

const isComparisonOperator = (operator: BinaryOperator): operator is ComparisonOperator =>
  COMPARISON_OPERATORS.some((comparison) => comparison === operator)

const compare = (left: unknown, operator: ComparisonOperator, right: unknown, at: number): unknown => {
  if (isQbObject(left)) return compareField(left, operator, right, at)
  if (isQbObject(right)) return compareField(right, MIRRORED[operator], left, at)
  if (operator === '==') return areEqual(left, right)
  if (operator === '!=') return !areEqual(left, right)
  return withOffset(NoOrderError, at, () => isOrdered(left, operator, right))
}

/**
 * Compares a field with a value. If the left operand is itself a comparison, only its field is used, as in SpecStar.
 * For example, `1 < QB["a"] <= 20` means `QB["a"] <= 20`.
 */
const compareField = (of: unknown, operator: ComparisonOperator, value: unknown, at: number): QbCondition => {
  const field = of instanceof QbField ? of : fieldOf(of, at)
  return new QbCondition(field.compare(must(OPERATOR_OF_SYMBOL.get(operator)), pythonValue(value, at), at))
}

const fieldOf = (of: unknown, at: number): QbField => {
  if (of instanceof QbCondition && of.condition?.kind === 'field') return new QbField(of.condition.field)
  throw new QbError(`${describe(of)} cannot be compared: compare a field`, at)
}
