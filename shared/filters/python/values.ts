import { CalendarDate, ClockTime, DateTime, TimeDelta, TimeZone } from './times.ts'

/**
 * Python's values as they stand in indexes and filters. None is null, an int a `bigint`, a float a `number`, a list an array,
 * a dict a `Map`, which keeps the order of its keys; what has no like of its own in JSON is one of the classes here and in `times.ts`.
 */
export class Tuple {
  readonly items: readonly unknown[]

  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

export class Bytes {
  /** One character a byte. */
  readonly latin1: string

  constructor(latin1: string) {
    this.latin1 = latin1
  }
}

export const ELLIPSIS = Symbol('...')

type Dict = ReadonlyMap<string, unknown>

export const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)

export const isDict = (value: unknown): value is Dict => value instanceof Map

/** A list or a tuple, as what `in` takes. */
export const itemsOf = (value: unknown): readonly unknown[] | undefined => {
  if (isList(value)) return value
  return value instanceof Tuple ? value.items : undefined
}

/** An int, a float or a bool as a number: `True` is 1. */
export const numberOf = (value: unknown): bigint | number | undefined => {
  if (typeof value === 'boolean') return value ? 1n : 0n
  return typeof value === 'bigint' || typeof value === 'number' ? value : undefined
}

/** Python's truth of a value. */
export const isTruthy = (value: unknown): boolean => {
  if (value === null || value === false || value === '') return false
  const number = numberOf(value)
  // Of a float that is no number, Python says true.
  if (number !== undefined) return typeof number === 'bigint' ? number !== 0n : number !== 0
  const items = itemsOf(value)
  if (items !== undefined) return items.length > 0
  if (value instanceof Bytes) return value.latin1 !== ''
  if (value instanceof TimeDelta) return value.micros !== 0n
  return !isDict(value) || value.size > 0
}

/** Python's `len()`: code points, elements, keys. Undefined for what has none. */
export const lengthOf = (value: unknown): bigint | undefined => {
  if (typeof value === 'string') return BigInt(Array.from(value).length)
  const items = itemsOf(value)
  if (items !== undefined) return BigInt(items.length)
  if (value instanceof Bytes) return BigInt(value.latin1.length)
  return isDict(value) ? BigInt(value.size) : undefined
}

/** The name of a value's type, as Python's messages have it. */
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
  return NAMES[typeof value] ?? 'dict'
}

const NAMES: Readonly<Record<string, string>> = { boolean: 'bool', bigint: 'int', number: 'float', string: 'str' }
