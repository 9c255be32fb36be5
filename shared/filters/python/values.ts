import { CalendarDate, ClockTime, DateTime, TimeDelta, TimeZone } from './times.ts'

/**
 * Python values in indexed data and filters. None is represented by null, an int by a `bigint`, a float by a `number`,
 * and a list by an array. A dict is represented by a `Map`, which keeps the order of its keys. Types that JSON does not
 * have are classes in this file and in `times.ts`.
 */
export class Tuple {
  readonly items: readonly unknown[]

  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

export class Bytes {
  /** The bytes as a string, with one character (U+0000 to U+00FF) for each byte. */
  readonly latin1: string

  constructor(latin1: string) {
    this.latin1 = latin1
  }
}

export const ELLIPSIS = Symbol('...')

type Dict = ReadonlyMap<string, unknown>

export const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)

export const isDict = (value: unknown): value is Dict => value instanceof Map

/** Returns the items of a list or a tuple. Returns undefined for any other value. */
export const itemsOf = (value: unknown): readonly unknown[] | undefined => {
  if (isList(value)) return value
  return value instanceof Tuple ? value.items : undefined
}

/** Returns the number of an int, a float or a bool (`True` is 1). Returns undefined for any other value. */
export const numberOf = (value: unknown): bigint | number | undefined => {
  if (typeof value === 'boolean') return value ? 1n : 0n
  return typeof value === 'bigint' || typeof value === 'number' ? value : undefined
}

/** Returns the result of Python's `bool(value)`. */
export const isTruthy = (value: unknown): boolean => {
  if (value === null || value === false || value === '') return false
  const number = numberOf(value)
  // NaN is truthy in Python.
  if (number !== undefined) return typeof number === 'bigint' ? number !== 0n : number !== 0
  const items = itemsOf(value)
  if (items !== undefined) return items.length > 0
  if (value instanceof Bytes) return value.latin1 !== ''
  if (value instanceof TimeDelta) return value.micros !== 0n
  return !isDict(value) || value.size > 0
}

/**
 * Returns the result of Python's `len(value)`, which counts code points, items or keys. Returns undefined for a value
 * without a length.
 */
export const lengthOf = (value: unknown): bigint | undefined => {
  if (typeof value === 'string') return BigInt(Array.from(value).length)
  const items = itemsOf(value)
  if (items !== undefined) return BigInt(items.length)
  if (value instanceof Bytes) return BigInt(value.latin1.length)
  return isDict(value) ? BigInt(value.size) : undefined
}

/** Returns the name of a value's type, as in Python's error messages. */
export const typeName = (value: unknown): string => {
  if (value === null) return 'NoneType'
  if (value instanceof Tuple) return 'tuple'
  if (value instanceof Bytes) return 'bytes'
  if (value instanceof DateTime) return 'datetime.datetime'
  if (value instanceof CalendarDate) return 'datetime.date'
  if (value instanceof ClockTime) return 'datetime.time'
  if (value instanceof TimeDelta) return 'datetime.timedelta'
  if (value instanceof TimeZone) return 'datetime.timezone'
  if (value === ELLIPSIS) return 'ellipsis'
  if (isList(value)) return 'list'
  return TYPE_NAMES[typeof value] ?? 'dict'
}

const TYPE_NAMES: Readonly<Record<string, string>> = { boolean: 'bool', bigint: 'int', number: 'float', string: 'str' }
