import { type Condition, type FieldCondition, fieldCondition, type Quantifier } from '../condition.ts'
import type { OperatorName } from '../operators.ts'
import { typeName } from '../python/values.ts'
import { RegexError } from '../regex/syntax.ts'
import type { Signature } from './signature.ts'
import { QbError, withOffset } from './syntax.ts'

/** The types of values in a `qb` expression that are not Python values. */

/** A field, or the length of its value. If a field is used as a condition, it matches if its value is truthy. */
export class QbField {
  readonly field: string
  readonly length: boolean

  constructor(field: string, length = false) {
    this.field = field
    this.length = length
  }

  /**
   * Returns a condition that compares the field with a value. Throws `QbError` if the operator requires a regular
   * expression and the value is not valid.
   */
  compare(operator: OperatorName, value: unknown, at: number, quantifier?: Quantifier): FieldCondition {
    const { field, length } = this
    return withOffset(RegexError, at, () => fieldCondition(field, operator, value, { length, quantifier }))
  }

  /**
   * The condition that the value is not null, False, 0, "" or []. As in SpecStar, the value is tested even after
   * `.length()`.
   */
  get isTruthy(): Condition {
    const { field } = this
    const differs = [false, 0n, '', []].map((value) => fieldCondition(field, 'ne', value))
    return { kind: 'and', conditions: [fieldCondition(field, 'is_null', false), ...differs] }
  }

  get isFalsy(): Condition {
    return { kind: 'not', conditions: [this.isTruthy] }
  }
}

/** A condition. If `condition` is undefined, every resource matches, as with `QB.all()`. */
export class QbCondition {
  readonly condition: Condition | undefined

  constructor(condition: Condition | undefined) {
    this.condition = condition
  }
}

/** The result of `.any()` or `.all()` of a field, whose methods compare the elements of a list. */
export class QbElements {
  readonly of: QbField
  readonly quantifier: Quantifier

  constructor(of: QbField, quantifier: Quantifier) {
    this.of = of
    this.quantifier = quantifier
  }
}

/** A function. `call` receives one value for each parameter, in the order of the parameters. */
export class QbFunction {
  readonly signature: Signature
  readonly call: (values: readonly unknown[], at: number) => unknown

  constructor(signature: Signature, call: (values: readonly unknown[], at: number) => unknown) {
    this.signature = signature
    this.call = call
  }
}

/** A named set of attributes, such as `QB`, `dt` or `dt.datetime`. */
export class QbNamespace {
  readonly name: string
  readonly members: ReadonlyMap<string, unknown>
  /** The constructor, if the namespace is a class. */
  readonly make: QbFunction | undefined

  constructor(name: string, members: ReadonlyMap<string, unknown>, make?: QbFunction) {
    this.name = name
    this.members = members
    this.make = make
  }
}

/** A method of fields, conditions or elements. `now` is the time from which `today()` and similar methods count. */
export interface Method<Of> extends Omit<Signature, 'name'> {
  readonly make: (of: Of, values: readonly unknown[], at: number, now: Date) => unknown
}

export const boundMethod = <Of>(name: string, of: Of, { make, ...signature }: Method<Of>, now: Date): QbFunction =>
  new QbFunction({ name, ...signature }, (values, at) => make(of, values, at, now))

/** Returns a Python value unchanged. Throws `QbError` for an object of `qb`, such as a field or a condition. */
export const pythonValue = (value: unknown, at: number): unknown => {
  if (isQbObject(value)) throw new QbError(`expected a value, but found ${describe(value)}`, at)
  return value
}

/** Returns the condition of a `QbField` or `QbCondition`. Throws `QbError` for any other value. */
export const conditionOf = (value: unknown, at: number): Condition | undefined => {
  if (value instanceof QbField) return value.isTruthy
  if (value instanceof QbCondition) return value.condition
  throw new QbError(`expected a condition, but found ${describe(value)}`, at)
}

export const isQbObject = (value: unknown): boolean =>
  [QbField, QbCondition, QbElements, QbFunction, QbNamespace].some((kind) => value instanceof kind)

/** Returns a description of a value for error messages. */
export const describe = (value: unknown): string => {
  if (value instanceof QbField) return `the field ${value.field}`
  if (value instanceof QbCondition) return 'a condition'
  if (value instanceof QbElements) return `.${value.quantifier}() without a comparison`
  if (value instanceof QbFunction) return `${value.signature.name} without parentheses`
  return value instanceof QbNamespace ? value.name : `'${typeName(value)}'`
}
