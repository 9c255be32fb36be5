import { CalendarDate, DateTime, DAY, dayOf, TimeDelta } from '../python/times.ts'
import { Bytes, isList, isTruthy, itemsOf, numberOf, Tuple, typeName } from '../python/values.ts'
import { scaled } from './datetime.ts'
import { QbError, type UnaryOperator } from './syntax.ts'

export type Arithmetic = '&' | '|' | '+' | '-' | '*' | '/' | '%' | '<<' | '>>'

/** A repeated text or list that grows past this, with all that is in it, is no filter any more but an attack on the memory. */
const MAX_LENGTH = 1_000
const MAX_BITS = 16_384n

/** Python's arithmetic of plain values. Throws `QbError` for values that do not go together. */
export const compute = (left: unknown, operator: Arithmetic, right: unknown, at: number): unknown => {
  try {
    const result =
      ofNumbers(left, operator, right) ?? ofSequences(left, operator, right) ?? ofTimes(left, operator, right)
    if (result !== undefined) return result
  } catch (error) {
    if (error instanceof RangeError) throw new QbError(error.message, at)
    throw error
  }
  if (operator === '%' && (typeof left === 'string' || left instanceof Bytes))
    throw new QbError('formatting a text by % is not taken in qb: write the text itself', at)
  throw new QbError(`${operator} does not go with '${typeName(left)}' and '${typeName(right)}'`, at)
}

export const computeUnary = (operator: UnaryOperator, value: unknown, at: number): unknown => {
  if (operator === 'not') return !isTruthy(value)
  const number = numberOf(value)
  if (number !== undefined) {
    if (operator === '+') return number
    if (operator === '-') return -number
    if (typeof number === 'bigint') return ~number
  }
  if (value instanceof TimeDelta && operator !== '~') return operator === '+' ? value : new TimeDelta(-value.micros)
  throw new QbError(`${operator} does not go with '${typeName(value)}'`, at)
}

const ofNumbers = (left: unknown, operator: Arithmetic, right: unknown): unknown => {
  const [a, b] = [numberOf(left), numberOf(right)]
  if (a === undefined || b === undefined) return undefined
  if ((operator === '&' || operator === '|') && typeof left === 'boolean' && typeof right === 'boolean')
    return operator === '&' ? left && right : left || right
  if (operator === '/') return quotient(a, b)
  return typeof a === 'bigint' && typeof b === 'bigint'
    ? ofIntegers(a, operator, b)
    : ofFloats(Number(a), operator, Number(b))
}

const quotient = (a: bigint | number, b: bigint | number): number => {
  const divisor = Number(b)
  if (divisor === 0) throw new RangeError('division by zero')
  return Number(a) / divisor
}

const ofIntegers = (a: bigint, operator: Arithmetic, b: bigint): bigint | undefined => {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '%':
      if (b === 0n) throw new RangeError('division by zero')
      // Python's remainder has the sign of the divisor.
      return ((a % b) + b) % b
    case '&':
      return a & b
    case '|':
      return a | b
    case '<<':
    case '>>':
      if (b < 0n || b > MAX_BITS) throw new RangeError(`shifts go from 0 to ${MAX_BITS} bits`)
      return operator === '<<' ? a << b : a >> b
    case '/':
      return undefined
  }
}

const ofFloats = (a: number, operator: Arithmetic, b: number): number | undefined => {
  if (operator === '+') return a + b
  if (operator === '-') return a - b
  if (operator === '*') return a * b
  if (operator !== '%') return undefined
  if (b === 0) throw new RangeError('division by zero')
  const rest = a % b
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest
}

const ofSequences = (left: unknown, operator: Arithmetic, right: unknown): unknown => {
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') return left + right
    if (isList(left) && isList(right)) return [...left, ...right]
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items])
  }
  if (operator !== '*') return undefined
  if (numberOf(left) !== undefined)
    return numberOf(right) === undefined ? ofSequences(right, operator, left) : undefined
  const times = numberOf(right)
  if (typeof times !== 'bigint') return undefined
  if (typeof left === 'string') return left.repeat(countOf(left.length, times))
  const items = left instanceof Tuple ? left.items : left
  if (!isList(items)) return undefined
  const many = Array.from({ length: countOf(sizeOf(items), times) }, () => items).flat()
  return left instanceof Tuple ? new Tuple(many) : many
}

const countOf = (length: number, times: bigint): number => {
  if (times <= 0n || length === 0) return 0
  if (BigInt(length) * times > MAX_LENGTH) throw new RangeError(`a repeated value is longer than ${MAX_LENGTH}`)
  return Number(times)
}

/** All values in a list, at any depth. */
const sizeOf = (value: unknown): number => {
  const items = itemsOf(value)
  return items === undefined ? 1 : items.reduce<number>((sum, item) => sum + sizeOf(item), 1)
}

const ofTimes = (left: unknown, operator: Arithmetic, right: unknown): unknown => {
  const sign = operator === '-' ? -1n : 1n
  if (operator === '+' && left instanceof TimeDelta && !(right instanceof TimeDelta))
    return ofTimes(right, operator, left)
  if ((operator === '+' || operator === '-') && right instanceof TimeDelta) {
    if (left instanceof DateTime) return new DateTime(left.wall + sign * right.micros, left.zone)
    if (left instanceof CalendarDate) return new CalendarDate(left.day + sign * dayOf(right.micros))
    if (left instanceof TimeDelta) return new TimeDelta(left.micros + sign * right.micros)
  }
  if (operator === '-') return between(left, right)
  if (operator === '*')
    return left instanceof TimeDelta ? times(left, right) : right instanceof TimeDelta ? times(right, left) : undefined
  if (operator === '/' && left instanceof TimeDelta) {
    if (right instanceof TimeDelta) return quotient(left.micros, right.micros)
    const by = numberOf(right)
    return by === undefined ? undefined : new TimeDelta(scaled(quotient(left.micros, by), 1n))
  }
  return undefined
}

const times = (delta: TimeDelta, by: unknown): TimeDelta | undefined => {
  const number = numberOf(by)
  if (number === undefined) return undefined
  return new TimeDelta(typeof number === 'bigint' ? delta.micros * number : scaled(number, delta.micros))
}

/** The time from one moment to another. Between one with a zone and one without there is none. */
const between = (left: unknown, right: unknown): TimeDelta | undefined => {
  if (left instanceof CalendarDate && right instanceof CalendarDate) return new TimeDelta((left.day - right.day) * DAY)
  if (!(left instanceof DateTime && right instanceof DateTime)) return undefined
  if ((left.zone === undefined) !== (right.zone === undefined)) return undefined
  return new TimeDelta(left.wall - (left.zone?.offset ?? 0n) - right.wall + (right.zone?.offset ?? 0n))
}
