import { areEqual, includesEqual, isOrdered, type Order } from './python/comparison.ts'
import { textOf } from './python/text.ts'
import { isList, isTruthy, itemsOf } from './python/values.ts'
import type { BinaryOperator } from './qb/syntax.ts'
import { compileRegex } from './regex/regex.ts'

/**
 * The result of a condition. Null means unknown. As in SpecStar, `is_null` of a null field and `isna` of a missing
 * field return the `value` of the condition. If this value is neither a boolean nor null, the result is `invalid`. An
 * invalid result is not a match. In a group, an invalid condition neither makes `and` false nor `or` true.
 */
export type Outcome = boolean | null | 'invalid'

/** Compiles the `value` of a condition to a test. The test runs for every resource. */
type Compile = (expected: unknown) => (actual: unknown) => Outcome

/** One operator of `conditions`, `data_conditions` and `qb`. */
interface Operator {
  /** Compiles the test of a field's value. The value is not null. */
  readonly compile: Compile
  /** Compiles the test of one element of a list. Absent if the operator cannot be used with a quantifier. */
  readonly compileElement?: Compile
  /** The result for a field that does not exist. Unknown by default. */
  readonly ifMissing?: (expected: unknown) => Outcome
  /** The result for a field that is null. Unknown by default. */
  readonly ifNull?: (expected: unknown) => Outcome
  /** True if the operator is rejected for a field that the model declares as a list, as in SpecStar. */
  readonly rejectsLists?: true
  /** The names of this operator as a method of a field in `qb`, such as `in_` for `.in_(…)`. */
  readonly methods: readonly string[]
  /** The default of a method's argument. Without a default, the argument is required. */
  readonly defaultArgument?: true
  /** The binary operator between a field and a value in `qb`. */
  readonly symbol?: BinaryOperator
}

const equals: Compile = (expected) => (actual) => areEqual(actual, expected)

const differs: Compile = (expected) => (actual) => !areEqual(actual, expected)

const isInOrder =
  (order: Order): Compile =>
  (expected) =>
  (actual) =>
    isOrdered(actual, order, expected)

const textTest =
  (test: (actual: string, expected: string) => boolean): Compile =>
  (expected) => {
    const text = textOf(expected)
    return (actual) => test(textOf(actual), text)
  }

const containsText = textTest((actual, expected) => actual.includes(expected))
const startsWith = textTest((actual, expected) => actual.startsWith(expected))
const endsWith = textTest((actual, expected) => actual.endsWith(expected))

const contains: Compile = (expected) => {
  const testText = containsText(expected)
  return (actual) => (isList(actual) ? includesEqual(actual, expected) : testText(actual))
}

const containsAny: Compile = (expected) => {
  const items = itemsOf(expected) ?? [expected]
  return (actual) => (isList(actual) ? items.some((item) => includesEqual(actual, item)) : includesEqual(items, actual))
}

const isIn: Compile = (expected) => {
  const items = itemsOf(expected) ?? []
  return (actual) => includesEqual(items, actual)
}

const isNotIn: Compile = (expected) => {
  const items = itemsOf(expected) ?? []
  return (actual) => !includesEqual(items, actual)
}

/** Throws `RegexError`. */
const matchesRegex: Compile = (expected) => {
  const regex = compileRegex(textOf(expected))
  return (actual) => regex.isFoundIn(textOf(actual))
}

const asOutcome = (value: unknown): Outcome => (value === null || typeof value === 'boolean' ? value : 'invalid')

const ROWS = {
  eq: { compile: equals, compileElement: equals, methods: ['eq'], symbol: '==' },
  ne: { compile: differs, compileElement: differs, methods: ['ne'], symbol: '!=' },
  gt: { compile: isInOrder('>'), methods: ['gt'], symbol: '>' },
  gte: { compile: isInOrder('>='), methods: ['gte'], symbol: '>=' },
  lt: { compile: isInOrder('<'), methods: ['lt'], symbol: '<' },
  lte: { compile: isInOrder('<='), methods: ['lte'], symbol: '<=' },
  contains: { compile: contains, compileElement: containsText, methods: ['contains'], symbol: '>>' },
  starts_with: { compile: startsWith, compileElement: startsWith, rejectsLists: true, methods: ['starts_with'] },
  ends_with: { compile: endsWith, compileElement: endsWith, rejectsLists: true, methods: ['ends_with'] },
  in: { compile: isIn, methods: ['in_', 'one_of'], symbol: '<<' },
  not_in: { compile: isNotIn, methods: ['not_in'] },
  contains_any: { compile: containsAny, methods: [] },
  is_null: {
    compile: (expected) => () => !isTruthy(expected),
    ifNull: asOutcome,
    methods: ['is_null'],
    defaultArgument: true,
  },
  exists: {
    compile: (expected) => () => isTruthy(expected),
    ifMissing: (expected) => !isTruthy(expected),
    ifNull: isTruthy,
    methods: ['exists'],
    defaultArgument: true,
  },
  isna: {
    compile: (expected) => () => areEqual(false, expected),
    ifMissing: asOutcome,
    ifNull: (expected) => areEqual(true, expected),
    methods: ['isna'],
    defaultArgument: true,
  },
  regex: {
    compile: matchesRegex,
    compileElement: matchesRegex,
    rejectsLists: true,
    methods: ['regex', 'match'],
    symbol: '%',
  },
} satisfies Record<string, Operator>

export type OperatorName = keyof typeof ROWS

/** All operators, in the order in which error messages list them. To add an operator, add a row to `ROWS`. */
export const OPERATORS: Readonly<Record<OperatorName, Operator>> = ROWS

export const isOperatorName = (value: unknown): value is OperatorName =>
  typeof value === 'string' && Object.hasOwn(OPERATORS, value)

export const OPERATOR_NAMES: readonly OperatorName[] = Object.keys(OPERATORS).filter(isOperatorName)
