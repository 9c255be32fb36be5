import type { Condition } from '../condition.ts'
import { Tuple } from '../python/values.ts'
import { computeUnary } from './arithmetic.ts'
import { DATETIME_MODULE } from './datetime.ts'
import { bound, elementsMethod, FIELD_METHODS } from './fields.ts'
import {
  bind,
  conditionOf,
  describe,
  isQbObject,
  plain,
  QbCondition,
  QbElements,
  QbField,
  QbFunction,
  QbNamespace,
} from './objects.ts'
import { binary } from './operators.ts'
import { negated, QB, QUERY_METHODS, refusal } from './query.ts'
import { type Expression, QbError } from './syntax.ts'

/**
 * What an expression says, by walking over it: nothing of it is ever run. `now` is what `today()` and its like count from.
 * Undefined: every resource is meant. Throws `QbError`.
 */
export const evaluateQb = (expression: Expression, now: Date): Condition | undefined => {
  const value = new Evaluation(now).value(expression)
  if (value instanceof QbField || value instanceof QbCondition) return conditionOf(value, expression.at)
  throw new QbError(`the expression is no condition but ${describe(value)}`, expression.at)
}

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
        return named(expression.name, at)
      case 'attribute':
        return this.#attribute(this.value(expression.of), expression.name, at)
      case 'subscript':
        return subscript(this.value(expression.of), this.value(expression.key), at)
      case 'call':
        return this.#call(expression)
      case 'list':
        return expression.items.map((item) => plain(this.value(item), item.at))
      case 'tuple':
        return new Tuple(expression.items.map((item) => plain(this.value(item), item.at)))
      case 'unary': {
        const operand = this.value(expression.operand)
        if (expression.operator === '~' && isQbObject(operand)) return negated(operand, at)
        return computeUnary(expression.operator, plain(operand, at), at)
      }
      case 'binary':
        return binary(this.value(expression.left), expression.operator, this.value(expression.right), at)
    }
  }

  #attribute(of: unknown, name: string, at: number): unknown {
    if (of instanceof QbNamespace) {
      if (of.members.has(name)) return of.members.get(name)
      throw new QbError(`${of.name}.${name} is not taken in qb${of === QB ? `: fields are QB["${name}"]` : ''}`, at)
    }
    const refused = refusal(name)
    if (refused !== undefined) throw new QbError(refused, at)
    const query = of instanceof QbField || of instanceof QbCondition ? QUERY_METHODS.get(name) : undefined
    if (query !== undefined) return new QbFunction({ name, ...query }, (values, place) => query.make(of, values, place))
    const field = of instanceof QbField ? FIELD_METHODS.get(name) : undefined
    if (of instanceof QbField && field !== undefined) return bound(name, of, field, this.#now)
    const elements = of instanceof QbElements ? elementsMethod(name) : undefined
    if (of instanceof QbElements && elements !== undefined) return bound(name, of, elements, this.#now)
    throw new QbError(`${describe(of)} has no .${name} in qb`, at)
  }

  #call({ callee, positional, named: names, at }: Expression & { kind: 'call' }): unknown {
    const called = this.value(callee)
    const target = called instanceof QbNamespace ? called.make : called
    if (!(target instanceof QbFunction)) throw new QbError(`${describe(called)} cannot be called`, at)
    const values = positional.map((one) => this.value(one))
    const given = names.map(([name, one]) => [name, this.value(one)] as const)
    return target.call(bind(target.signature, values, given, at), at)
  }
}

const named = (name: string, at: number): unknown => {
  if (name === 'QB') return QB
  if (name === 'dt' || name === 'datetime') return DATETIME_MODULE
  throw new QbError(`${name} is not known: fields are QB["${name}"]`, at)
}

const subscript = (of: unknown, key: unknown, at: number): QbField => {
  if (of !== QB) throw new QbError(`${describe(of)} takes no brackets: a path is one text, QB["a.b"]`, at)
  if (typeof key !== 'string') throw new QbError('the name of a field is a text', at)
  return new QbField(key)
}
