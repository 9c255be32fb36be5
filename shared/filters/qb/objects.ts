import { type Condition, type Leaf, leafOf, type Operator } from '../condition.ts'
import { typeName } from '../python/values.ts'
import { RegexError } from '../regex/syntax.ts'
import { placed, QbError } from './syntax.ts'

/** What an expression of `qb` is about, beside Python's plain values. */

/** A field, or the length of its value. By itself it asks whether its value is something. */
export class QbField {
  readonly field: string
  readonly length: boolean

  constructor(field: string, length = false) {
    this.field = field
    this.length = length
  }

  /** Throws `QbError` at a place for a regular expression that is none. */
  leaf(operator: Operator, value: unknown, at: number): Leaf {
    return placed(RegexError, at, () => leafOf(this.field, operator, value, this.length))
  }

  /** Not null, false, 0, "" or []; of the value itself, also where its length was asked for. */
  get isTruthy(): Condition {
    const { field } = this
    const differs = [false, 0n, '', []].map((value) => leafOf(field, 'ne', value))
    return { kind: 'and', conditions: [leafOf(field, 'is_null', false), ...differs] }
  }

  get isFalsy(): Condition {
    return { kind: 'not', conditions: [this.isTruthy] }
  }
}

/** A condition; undefined: one that every resource meets (`QB.all()`). */
export class QbCondition {
  readonly condition: Condition | undefined

  constructor(condition: Condition | undefined) {
    this.condition = condition
  }
}

/** The elements of a list, each for itself (`.any()`, `.all()`). */
export class QbElements {
  readonly of: QbField
  readonly over: 'any' | 'all'

  constructor(of: QbField, over: 'any' | 'all') {
    this.of = of
    this.over = over
  }
}

/** What can be called: by the values of its parameters, in their order. */
export interface Signature {
  readonly name: string
  readonly parameters: readonly Parameter[]
  /** ResourceFilter any number of values, none by name. */
  readonly rest?: boolean
  /** Parameters from this place on are given by name alone. */
  readonly namedFrom?: number
}

/** A parameter with its default; without one, it has to be given. */
export type Parameter = readonly [name: string] | readonly [name: string, byDefault: unknown]

export class QbFunction {
  readonly signature: Signature
  readonly call: (values: readonly unknown[], at: number) => unknown

  constructor(signature: Signature, call: (values: readonly unknown[], at: number) => unknown) {
    this.signature = signature
    this.call = call
  }
}

/** A name that holds others: `QB`, `dt`, `dt.datetime`. */
export class QbNamespace {
  readonly name: string
  readonly members: ReadonlyMap<string, unknown>
  /** Of a class: what makes a value of it. */
  readonly make: QbFunction | undefined

  constructor(name: string, members: ReadonlyMap<string, unknown>, make?: QbFunction) {
    this.name = name
    this.members = members
    this.make = make
  }
}

/** Puts the given values into the order of the parameters. Throws `QbError`. */
export const bind = (
  { name, parameters, rest, namedFrom }: Signature,
  positional: readonly unknown[],
  named: readonly (readonly [name: string, value: unknown])[],
  at: number,
): unknown[] => {
  const wrong = (reason: string): QbError => new QbError(`${name}() ${reason}`, at)
  if (rest === true) {
    if (named.length > 0) throw wrong('takes no named values')
    return [...positional]
  }
  if (positional.length > (namedFrom ?? parameters.length))
    throw wrong(`takes ${namedFrom ?? parameters.length} values at most, and got ${positional.length}`)
  const given = new Map<string, unknown>()
  for (const [k, [parameter]] of parameters.slice(0, positional.length).entries()) given.set(parameter, positional[k])
  for (const [parameter, value] of named) {
    if (!parameters.some(([known]) => known === parameter)) throw wrong(`has no parameter ${parameter}`)
    if (given.has(parameter)) throw wrong(`got ${parameter} twice`)
    given.set(parameter, value)
  }
  return parameters.map((parameter) => {
    const [known] = parameter
    if (given.has(known)) return given.get(known)
    if (parameter.length === 1) throw wrong(`lacks ${known}`)
    return parameter[1]
  })
}

/** A plain value of Python's, with no field or condition in it. Throws `QbError`. */
export const plain = (value: unknown, at: number): unknown => {
  if (isQbObject(value)) throw new QbError(`${describe(value)} stands where a value is wanted`, at)
  return value
}

export const isQbObject = (value: unknown): boolean =>
  [QbField, QbCondition, QbElements, QbFunction, QbNamespace].some((kind) => value instanceof kind)

export const describe = (value: unknown): string => {
  if (value instanceof QbField) return `the field ${value.field}`
  if (value instanceof QbCondition) return 'a condition'
  if (value instanceof QbElements) return `.${value.over}() without a question`
  if (value instanceof QbFunction) return `${value.signature.name} without parentheses`
  return value instanceof QbNamespace ? value.name : `'${typeName(value)}'`
}

/** A condition, or a field as one. Throws `QbError`. */
export const conditionOf = (value: unknown, at: number): Condition | undefined => {
  if (value instanceof QbField) return value.isTruthy
  if (value instanceof QbCondition) return value.condition
  throw new QbError(`${describe(value)} stands where a condition is wanted`, at)
}
