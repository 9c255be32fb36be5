import { nearest, ratioOf } from '../python/micros.ts'
import { CalendarDate, DateTime, DAY, dayOf, TimeDelta } from '../python/times.ts'
import { Bytes, isList, isTruthy, itemsOf, numberOf, Tuple, typeName } from '../python/values.ts'
import { placed, QbError, type UnaryOperator } from './syntax.ts'

export type Arithmetic = '&' | '|' | '+' | '-' | '*' | '/' | '%' | '<<' | '>>'

/** A repeated text or list that grows past this, with all that is in it, is no filter any more but an attack on the memory. */
const MAX_LENGTH = 1_000
const MAX_BITS = 16_384n

/** Python's arithmetic of plain values. Throws `QbError` for values that do not go together. */
export const compute = (left: unknown, operator: Arithmetic, right: unknown, at: number): unknown => {
  const result = placed(
    RangeError,
    at,
    () => ofNumbers(left, operator, right) ?? ofSequences(left, operator, right) ?? ofTimes(left, operator, right),
  )
  if (result !== undefined) return result
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
    : ofFloats(floatOf(a), operator, floatOf(b))
}

const floatOf = (number: bigint | number): number => {
  const float = Number(number)
  if (typeof number === 'bigint' && !Number.isFinite(float)) throw new RangeError('an int is too large for a float')
  return float
}

const quotient = (a: bigint | number, b: bigint | number): number => {
  if (Number(b) === 0) throw new RangeError('division by zero')
  if (typeof a !== 'bigint' || typeof b !== 'bigint') return floatOf(a) / floatOf(b)
  const float = quotientOf(magnitude(a), magnitude(b))
  return a < 0n === b < 0n ? float : -float
}

const magnitude = (number: bigint): bigint => (number < 0n ? -number : number)

/** Of two ints, rounded once: as floats, each would be rounded before. */
const quotientOf = (a: bigint, b: bigint): number => {
  // At least 68 bits, the last of which stands for all that is left: more than enough to round to the 53 of a float.
  const bits = Math.max(0, 72 + 4 * (b.toString(16).length - a.toString(16).length))
  const over = a << BigInt(bits)
  return floatOf((over / b) | (over % b === 0n ? 0n : 1n)) / 2 ** bits
}

const ofIntegers = (a: bigint, operator: Exclude<Arithmetic, '/'>, b: bigint): bigint => {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '%':
      return remainder(a, b)
    case '&':
      return a & b
    case '|':
      return a | b
    case '<<':
    case '>>':
      if (b < 0n || b > MAX_BITS) throw new RangeError(`shifts go from 0 to ${MAX_BITS} bits`)
      return operator === '<<' ? a << b : a >> b
  }
}

/** Python's remainder has the sign of the divisor. */
const remainder = (a: bigint, b: bigint): bigint => {
  if (b === 0n) throw new RangeError('division by zero')
  return ((a % b) + b) % b
}

const ofFloats = (a: number, operator: Arithmetic, b: number): number | undefined => {
  if (operator === '+') return a + b
  if (operator === '-') return a - b
  if (operator === '*') return a * b
  if (operator !== '%') return undefined
  if (b === 0) throw new RangeError('division by zero')
  const rest = a % b
  // The sign of a zero is the divisor's too.
  if (rest === 0) return b < 0 ? -0 : 0
  return rest < 0 === b < 0 ? rest : rest + b
}

const ofSequences = (left: unknown, operator: Arithmetic, right: unknown): unknown => {
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') return left + right
    if (isList(left) && isList(right)) return [...left, ...right]
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items])
    if (left instanceof Bytes && right instanceof Bytes) return new Bytes(left.latin1 + right.latin1)
  }
  if (operator !== '*') return undefined
  // Two numbers have been multiplied before.
  if (numberOf(left) !== undefined) return ofSequences(right, operator, left)
  const times = numberOf(right)
  if (typeof times !== 'bigint') return undefined
  if (typeof left === 'string') return left.repeat(countOf(left.length, times))
  if (left instanceof Bytes) return new Bytes(left.latin1.repeat(countOf(left.latin1.length, times)))
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
    const ratio = ratioIn(right)
    return ratio && new TimeDelta(nearest(left.micros * ratio[1], ratio[0]))
  }
  if (operator === '%' && left instanceof TimeDelta && right instanceof TimeDelta)
    return new TimeDelta(remainder(left.micros, right.micros))
  return undefined
}

const times = (delta: TimeDelta, by: unknown): TimeDelta | undefined => {
  const ratio = ratioIn(by)
  return ratio && new TimeDelta(nearest(delta.micros * ratio[0], ratio[1]))
}

/** A number as a fraction, without loss. */
const ratioIn = (value: unknown): readonly [over: bigint, under: bigint] | undefined => {
  const number = numberOf(value)
  return typeof number === 'number' ? ratioOf(number) : number === undefined ? undefined : [number, 1n]
}

/** The time from one moment to another. Between one with a zone and one without there is none. */
const between = (left: unknown, right: unknown): TimeDelta | undefined => {
  if (left instanceof CalendarDate && right instanceof CalendarDate) return new TimeDelta((left.day - right.day) * DAY)
  if (!(left instanceof DateTime && right instanceof DateTime)) return undefined
  if ((left.zone === undefined) !== (right.zone === undefined)) return undefined
  return new TimeDelta(left.wall - (left.zone?.offset ?? 0n) - right.wall + (right.zone?.offset ?? 0n))
}
