import { compareBytes } from '../../values/text-order.ts'
import { CalendarDate, ClockTime, DateTime, TimeDelta, TimeZone } from './times.ts'
import { Bytes, isDict, isList, numberOf, Tuple, typeName } from './values.ts'

/** Two values cannot be ordered in Python, for example `10 < "10"`. The messages are those of Python. */
export class NoOrderError extends Error {
  override readonly name = 'NoOrderError'
}

export type Order = '>' | '>=' | '<' | '<='

/**
 * Compares two values like Python's `==`. 1, 1.0 and True are equal. Lists and dicts are compared by content, and times
 * with a time zone are compared as instants.
 */
export const areEqual = (a: unknown, b: unknown): boolean => {
  const [left, right] = [numberOf(a), numberOf(b)]
  // `<=` and `>=` compare a bigint with a number exactly, and `===` never treats them as equal. The lint rules forbid
  // `==`.
  if (left !== undefined && right !== undefined) return left <= right && left >= right
  if (isList(a) && isList(b)) return areAllEqual(a, b)
  if (a instanceof Tuple && b instanceof Tuple) return areAllEqual(a.items, b.items)
  if (isDict(a) && isDict(b))
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && areEqual(value, b.get(key)))
  if (a instanceof TimeZone && b instanceof TimeZone) return a.offset === b.offset
  const scalars = comparableScalars(a, b)
  return scalars === undefined ? a === b : scalars[0] === scalars[1]
}

const areAllEqual = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, k) => areEqual(item, b[k]))

/** Returns the result of Python's `value in items`. */
export const includesEqual = (items: readonly unknown[], value: unknown): boolean =>
  items.some((item) => areEqual(item, value))

/**
 * Returns the result of Python's `a > b`, `a >= b`, `a < b` or `a <= b`. Throws `NoOrderError` if the values cannot be
 * ordered.
 */
export const isOrdered = (a: unknown, order: Order, b: unknown): boolean => {
  const [left, right] = [numberOf(a), numberOf(b)]
  if (left !== undefined && right !== undefined) return areScalarsOrdered(left, order, right)
  if (typeof a === 'string' && typeof b === 'string') return areScalarsOrdered(compareBytes(a, b), order, 0)
  if (isList(a) && isList(b)) return areItemsOrdered(a, order, b)
  if (a instanceof Tuple && b instanceof Tuple) return areItemsOrdered(a.items, order, b.items)
  const scalars = comparableScalars(a, b)
  if (scalars !== undefined) return areScalarsOrdered(scalars[0], order, scalars[1])
  if (a instanceof DateTime && b instanceof DateTime)
    throw new NoOrderError("can't compare offset-naive and offset-aware datetimes")
  throw new NoOrderError(`'${order}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`)
}

/** Compares the first items that differ. If all items are equal, compares the lengths. */
const areItemsOrdered = (a: readonly unknown[], order: Order, b: readonly unknown[]): boolean => {
  const k = a.findIndex((item, index) => index >= b.length || !areEqual(item, b[index]))
  return k === -1 || k >= b.length ? areScalarsOrdered(a.length, order, b.length) : isOrdered(a[k], order, b[k])
}

const areScalarsOrdered = <T extends bigint | number | string>(a: T, order: Order, b: T): boolean => {
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

type ScalarPair = readonly [bigint, bigint] | readonly [string, string]

/**
 * Converts two values of the same type to scalars with the same order. Returns undefined if the values cannot be
 * ordered.
 */
const comparableScalars = (a: unknown, b: unknown): ScalarPair | undefined => {
  if (a instanceof DateTime && b instanceof DateTime) return instantsOf(a, b)
  if (a instanceof CalendarDate && b instanceof CalendarDate) return [a.day, b.day]
  if (a instanceof TimeDelta && b instanceof TimeDelta) return [a.micros, b.micros]
  if (a instanceof ClockTime && b instanceof ClockTime && (a.zone === undefined) === (b.zone === undefined))
    return [a.micros - (a.zone?.offset ?? 0n), b.micros - (b.zone?.offset ?? 0n)]
  if (a instanceof Bytes && b instanceof Bytes) return [a.latin1, b.latin1]
  return undefined
}

const instantsOf = (a: DateTime, b: DateTime): ScalarPair | undefined => {
  const isMixed = (a.zone === undefined) !== (b.zone === undefined)
  if (isMixed && !(a.zone === undefined ? a.stored : b.stored)) return undefined
  return [a.wall - (a.zone?.offset ?? 0n), b.wall - (b.zone?.offset ?? 0n)]
}
