import { compareBytes } from '../../values/text-order.ts'
import { CalendarDate, ClockTime, DateTime, TimeDelta, TimeZone } from './times.ts'
import { Bytes, isDict, isList, numberOf, Tuple, typeName } from './values.ts'

/** Two values that Python does not put in an order: `10 < "10"`. */
export class NoOrderError extends Error {
  override readonly name = 'NoOrderError'
}

export type Order = '>' | '>=' | '<' | '<='

/** Python's `==`: 1 is 1.0 is True; lists and dicts by their values; times with a zone as instants. */
export const areEqual = (a: unknown, b: unknown): boolean => {
  const [left, right] = [numberOf(a), numberOf(b)]
  // Between a bigint and a number, the loose comparisons are exact, whatever the size; `==` is not allowed here.
  if (left !== undefined && right !== undefined) return left <= right && left >= right
  if (isList(a) && isList(b)) return areAllEqual(a, b)
  if (a instanceof Tuple && b instanceof Tuple) return areAllEqual(a.items, b.items)
  if (isDict(a) && isDict(b))
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && areEqual(value, b.get(key)))
  if (a instanceof TimeZone && b instanceof TimeZone) return a.offset === b.offset
  const scalars = sameKind(a, b)
  return scalars === undefined ? a === b : scalars[0] === scalars[1]
}

const areAllEqual = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((one, k) => areEqual(one, b[k]))

/** Whether a list (or tuple) holds a value. */
export const holds = (items: readonly unknown[], value: unknown): boolean => items.some((one) => areEqual(one, value))

/** Python's `a > b` and its like. Throws `NoOrderError`. */
export const isOrdered = (a: unknown, order: Order, b: unknown): boolean => {
  const [left, right] = [numberOf(a), numberOf(b)]
  if (left !== undefined && right !== undefined) return holdsFor(left, order, right)
  if (typeof a === 'string' && typeof b === 'string') return holdsFor(compareBytes(a, b), order, 0)
  if (isList(a) && isList(b)) return areOrdered(a, order, b)
  if (a instanceof Tuple && b instanceof Tuple) return areOrdered(a.items, order, b.items)
  const scalars = sameKind(a, b)
  if (scalars !== undefined) return holdsFor(scalars[0], order, scalars[1])
  if (a instanceof DateTime && b instanceof DateTime)
    throw new NoOrderError("can't compare offset-naive and offset-aware datetimes")
  throw new NoOrderError(`'${order}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`)
}

/** Lists by the first elements that differ; where none does, by their lengths. */
const areOrdered = (a: readonly unknown[], order: Order, b: readonly unknown[]): boolean => {
  const k = a.findIndex((one, place) => place >= b.length || !areEqual(one, b[place]))
  return k === -1 || k >= b.length ? holdsFor(a.length, order, b.length) : isOrdered(a[k], order, b[k])
}

const holdsFor = <T extends bigint | number | string>(a: T, order: Order, b: T): boolean => {
  switch (order) {
    case '>':
      return a > b
    case '>=':
      return a >= b
    case '<':
      return a < b
    case '<=':
      return a <= b
  }
}

type Scalars = readonly [bigint, bigint] | readonly [string, string]

/** Values of one kind by what they are compared by. Undefined where they are never equal and have no order. */
const sameKind = (a: unknown, b: unknown): Scalars | undefined => {
  if (a instanceof DateTime && b instanceof DateTime) return instants(a, b)
  if (a instanceof CalendarDate && b instanceof CalendarDate) return [a.day, b.day]
  if (a instanceof TimeDelta && b instanceof TimeDelta) return [a.micros, b.micros]
  if (a instanceof ClockTime && b instanceof ClockTime && (a.zone === undefined) === (b.zone === undefined))
    return [a.micros - (a.zone?.offset ?? 0n), b.micros - (b.zone?.offset ?? 0n)]
  if (a instanceof Bytes && b instanceof Bytes) return [a.latin1, b.latin1]
  return undefined
}

const instants = (a: DateTime, b: DateTime): Scalars | undefined => {
  const mixed = (a.zone === undefined) !== (b.zone === undefined)
  if (mixed && !(a.zone === undefined ? a.stored : b.stored)) return undefined
  return [a.wall - (a.zone?.offset ?? 0n), b.wall - (b.zone?.offset ?? 0n)]
}
