import type { FieldCondition, Quantifier } from '../condition.ts'
import { OPERATOR_NAMES, type OperatorName, OPERATORS } from '../operators.ts'
import { DAY_METHODS } from './day-spans.ts'
import { describe, type Method, pythonValue, QbCondition, QbElements, QbField } from './objects.ts'
import type { Parameter } from './signature.ts'
import { QbError } from './syntax.ts'
import { uniqueNames } from './unique-names.ts'

type Methods<Of> = ReadonlyMap<string, Method<Of>>

const VALUE: readonly Parameter[] = [['value']]
const PATTERN: readonly Parameter[] = [['pattern']]
const RANGE: readonly Parameter[] = [['min_val'], ['max_val']]

/**
 * Returns a condition that compares a field with the argument of a method. If `quantifier` is given, the elements of
 * the field's value are compared instead of the value.
 */
type CompareField = (field: QbField, argument: unknown, at: number, quantifier?: Quantifier) => FieldCondition

const compareBy =
  (operator: OperatorName): CompareField =>
  (field, argument, at, quantifier) =>
    field.compare(operator, pythonValue(argument, at), at, quantifier)

const operatorMethods = (name: OperatorName): [string, Method<QbField>][] => {
  const { methods, defaultArgument } = OPERATORS[name]
  const parameters: readonly Parameter[] = defaultArgument === undefined ? VALUE : [['value', defaultArgument]]
  return methods.map((method) => [method, { parameters, make: comparing(compareBy(name)) }])
}

const comparing =
  (comparison: CompareField): Method<QbField>['make'] =>
  (field, [argument], at) =>
    new QbCondition(comparison(field, argument, at))

const comparingWith =
  (operator: OperatorName, value: unknown): Method<QbField>['make'] =>
  (field, _values, at) =>
    new QbCondition(field.compare(operator, value, at))

const negating =
  (comparison: CompareField): Method<QbField>['make'] =>
  (field, [argument], at) =>
    new QbCondition({ kind: 'not', conditions: [comparison(field, argument, at)] })

const between: Method<QbField>['make'] = (field, [low, high], at) =>
  new QbCondition({
    kind: 'and',
    conditions: [compareBy('gte')(field, low, at), compareBy('lte')(field, high, at)],
  })

/**
 * Returns a method whose condition matches if one of the comparisons matches. As in SpecStar, the value of the field is
 * compared, even after `.length()`.
 */
const matchingAny =
  (...comparisons: readonly (readonly [OperatorName, unknown])[]): Method<QbField>['make'] =>
  ({ field }, _values, at) => {
    const ofValue = new QbField(field)
    return new QbCondition({
      kind: 'or',
      conditions: comparisons.map(([operator, value]) => ofValue.compare(operator, value, at)),
    })
  }

const stringIn = (value: unknown, at: number): string => {
  if (typeof value === 'string') return value
  throw new QbError(`expected a string, but found ${describe(value)}`, at)
}

/** Escapes a string for a regular expression, as Python's `re.escape` does. */
const escaped = (text: string): string => text.replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, '\\$&')

const ignoringCase =
  (pattern: (escaped: string) => string): CompareField =>
  (field, argument, at, quantifier) =>
    field.compare('regex', pattern(escaped(stringIn(argument, at))), at, quantifier)

const IGNORING_CASE: readonly (readonly [name: string, comparison: CompareField])[] = [
  ['icontains', ignoringCase((text) => `(?i)${text}`)],
  ['istarts_with', ignoringCase((text) => `(?i)^${text}`)],
  ['iends_with', ignoringCase((text) => `(?i)${text}$`)],
]

/**
 * Translates a pattern of SQL's LIKE as SpecStar does. The result is a string operator if possible, and otherwise a
 * regular expression.
 */
const like: Method<QbField>['make'] = (field, [argument], at) => {
  const pattern = stringIn(argument, at)
  const [startsOpen, endsOpen] = [pattern.startsWith('%'), pattern.endsWith('%')]
  const comparison = (operator: OperatorName, text: string): QbCondition =>
    new QbCondition(field.compare(operator, text, at))
  const inner = pattern.slice(startsOpen ? 1 : 0, endsOpen ? -1 : undefined)
  if (!inner.includes('_')) {
    if (startsOpen && endsOpen && Array.from(pattern).length > 2) return comparison('contains', inner)
    if (endsOpen && !startsOpen) return comparison('starts_with', inner)
    if (startsOpen && !endsOpen) return comparison('ends_with', inner)
  }
  return comparison('regex', `^${escaped(pattern).replaceAll('%', '.*').replaceAll('_', '.')}$`)
}

export const FIELD_METHODS: Methods<QbField> = uniqueNames<string, Method<QbField>>('methods of a field in qb', [
  ...OPERATOR_NAMES.flatMap(operatorMethods),
  ...IGNORING_CASE.map(([name, comparison]) => [name, { parameters: VALUE, make: comparing(comparison) }] as const),
  ['not_contains', { parameters: VALUE, make: negating(compareBy('contains')) }],
  ['not_starts_with', { parameters: VALUE, make: negating(compareBy('starts_with')) }],
  ['not_ends_with', { parameters: VALUE, make: negating(compareBy('ends_with')) }],
  ['like', { parameters: PATTERN, make: like }],
  ['between', { parameters: RANGE, make: between }],
  ['in_range', { parameters: RANGE, make: between }],
  ['is_not_null', { parameters: [], make: comparingWith('is_null', false) }],
  ['has_value', { parameters: [], make: comparingWith('is_null', false) }],
  ['is_true', { parameters: [], make: comparingWith('eq', true) }],
  ['is_false', { parameters: [], make: comparingWith('eq', false) }],
  ['is_truthy', { parameters: [], make: (field) => new QbCondition(field.isTruthy) }],
  ['is_falsy', { parameters: [], make: (field) => new QbCondition(field.isFalsy) }],
  ['is_empty', { parameters: [], make: matchingAny(['eq', ''], ['is_null', true]) }],
  ['is_blank', { parameters: [], make: matchingAny(['eq', ''], ['is_null', true], ['regex', '^\\s*$']) }],
  ['length', { parameters: [], make: ({ field }) => new QbField(field, true) }],
  ['any', { parameters: [], make: (field) => new QbElements(field, 'any') }],
  ['all', { parameters: [], make: (field) => new QbElements(field, 'all') }],
  ...DAY_METHODS,
])

const ELEMENT_COMPARISONS = [
  ...OPERATOR_NAMES.filter((name) => OPERATORS[name].compileElement !== undefined).flatMap((name) =>
    OPERATORS[name].methods.map((method) => [method, compareBy(name)] as const),
  ),
  ...IGNORING_CASE,
]

/** The methods of `.any()` and `.all()`. */
export const ELEMENT_METHODS: Methods<QbElements> = uniqueNames(
  'methods of .any() and .all() in qb',
  ELEMENT_COMPARISONS.map(([name, comparison]) => [
    name,
    {
      parameters: VALUE,
      make: ({ of, quantifier }, [argument], at) => new QbCondition(comparison(of, argument, at, quantifier)),
    },
  ]),
)
