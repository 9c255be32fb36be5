import type { Condition } from '../condition.ts'
import { Tuple } from '../python/values.ts'
import { computeUnary } from './arithmetic.ts'
import { evaluateBinary } from './binary-operators.ts'
import { DATETIME_MODULE } from './datetime.ts'
import { ELEMENT_METHODS, FIELD_METHODS } from './field-methods.ts'
import {
  boundMethod,
  conditionOf,
  describe,
  isQbObject,
  type Method,
  pythonValue,
  QbCondition,
  QbElements,
  QbField,
  QbFunction,
  QbNamespace,
} from './objects.ts'
import { explainUnsupportedMethod, negate, QB, QUERY_METHODS } from './query.ts'
import { bindArguments } from './signature.ts'
import { type Expression, QbError } from './syntax.ts'

/**
 * Evaluates a syntax tree without executing Python code. Returns a condition, or undefined if every resource matches.
 * `now` is the time to which `today()` and similar methods refer. Throws `QbError` if the expression is invalid.
 */
export const evaluateQb = (expression: Expression, now: Date): Condition | undefined =>
  conditionOf(new Evaluation(now).value(expression), expression.at)

class Evaluation {
  readonly #now: Date

  constructor(now: Date) {
    this.#now = now
  }

  value(expression: Expression): unknown {
    const { at } = expression
    switch (expression.kind) {
      case 'constant':
        return expression.value
      case 'name':
        return valueOfName(expression.name, at)
      case 'attribute':
        return this.#attribute(this.value(expression.of), expression.name, at)
      case 'subscript':
        return fieldOfSubscript(this.value(expression.of), this.value(expression.key), at)
      case 'call':
        return this.#call(expression)
      case 'list':
        return this.#items(expression.items)
      case 'tuple':
        return new Tuple(this.#items(expression.items))
      case 'unary': {
        const operand = this.value(expression.operand)
        if (expression.operator === '~' && isQbObject(operand)) return negate(operand, at)
        return computeUnary(expression.operator, pythonValue(operand, at), at)
      }
      case 'binary':
        return evaluateBinary(this.value(expression.left), expression.operator, this.value(expression.right), at)
    }
  }

  #items(items: readonly Expression[]): unknown[] {
    return items.map((item) => pythonValue(this.value(item), item.at))
  }

  #attribute(of: unknown, name: string, at: number): unknown {
    if (of instanceof QbNamespace) {
      if (of.members.has(name)) return of.members.get(name)
      const hint = of === QB ? `: write a field as QB["${name}"]` : ''
      throw new QbError(`\`${of.name}.${name}\` is not supported in qb${hint}`, at)
    }
    const unsupported = explainUnsupportedMethod(name)
    if (unsupported !== undefined) throw new QbError(unsupported, at)
    const method = this.#method(of, name)
    if (method === undefined) throw new QbError(`${describe(of)} has no .${name} in qb`, at)
    return method
  }

  #method(of: unknown, name: string): QbFunction | undefined {
    const bind = <Of>(object: Of, method: Method<Of> | undefined): QbFunction | undefined =>
      method && boundMethod(name, object, method, this.#now)
    if (of instanceof QbField) return bind(of, QUERY_METHODS.get(name) ?? FIELD_METHODS.get(name))
    if (of instanceof QbCondition) return bind(of, QUERY_METHODS.get(name))
    return of instanceof QbElements ? bind(of, ELEMENT_METHODS.get(name)) : undefined
  }

  #call({ callee, positional, named, at }: Expression & { kind: 'call' }): unknown {
    const called = this.value(callee)
    const target = called instanceof QbNamespace ? called.make : called
    if (!(target instanceof QbFunction)) throw new QbError(`${describe(called)} cannot be called`, at)
    const positionalValues = positional.map((argument) => this.value(argument))
    const namedValues = named.map(([name, argument]) => [name, this.value(argument)] as const)
    return target.call(bindArguments(target.signature, positionalValues, namedValues, at), at)
  }
}

const valueOfName = (name: string, at: number): unknown => {
  if (name === 'QB') return QB
  if (name === 'dt' || name === 'datetime') return DATETIME_MODULE
  throw new QbError(`unknown name ${name}: write a field as QB["${name}"]`, at)
}

const fieldOfSubscript = (of: unknown, key: unknown, at: number): QbField => {
  if (of !== QB)
    throw new QbError(`${describe(of)} cannot have brackets: write a nested field as one name, such as QB["a.b"]`, at)
  if (typeof key !== 'string') throw new QbError('the name of a field must be a string', at)
  return new QbField(key)
}
