import { fractionOf, modulo, roundedQuotient } from '../python/micros.ts'
import { CalendarDate, DateTime, DAY, dayOf, TimeDelta } from '../python/times.ts'
import { Bytes, isList, isTruthy, itemsOf, numberOf, Tuple, typeName } from '../python/values.ts'
import { QbError, type UnaryOperator, withOffset } from './syntax.ts'

type Arithmetic = '&' | '|' | '+' | '-' | '*' | '/' | '%' | '<<' | '>>'

/**
 * The largest length of the result of a repetition, such as `"ab" * 500`. It limits the memory for an expression.
 * Strings are counted in characters. For lists and tuples, the results of `sizeOf` are added.
 */
const MAX_REPEATED_LENGTH = 1_000
/** The largest number of bits by which `<<` or `>>` shifts an int. It limits the size of the result. */
const MAX_SHIFT_BITS = 16_384n

/**
 * Returns the result of one of Python's binary operators. Throws `QbError` for operands that the operator does not
 * support.
 */
export const compute = (left: unknown, operator: Arithmetic, right: unknown, at: number): unknown => {
  const result = withOffset(
    RangeError,
    at,
    () =>
      computeNumbers(left, operator, right) ??
      computeSequences(left, operator, right) ??
      computeTimes(left, operator, right),
  )
  if (result !== undefined) return result
  if (operator === '%' && (typeof left === 'string' || left instanceof Bytes))
    throw new QbError('formatting a string with `%` is not supported in qb: write the resulting string', at)
  throw new QbError(`unsupported operand types for ${operator}: '${typeName(left)}' and '${typeName(right)}'`, at)
}

/**
 * Returns the result of one of Python's unary operators. Throws `QbError` for an operand that the operator does not
 * support.
 */
export const computeUnary = (operator: UnaryOperator, value: unknown, at: number): unknown => {
  if (operator === 'not') return !isTruthy(value)
  const number = numberOf(value)
  if (number !== undefined) {
    if (operator === '+') return number
    if (operator === '-') return -number
    if (typeof number === 'bigint') return ~number
  }
  if (value instanceof TimeDelta && operator !== '~') return operator === '+' ? value : new TimeDelta(-value.micros)
  throw new QbError(`unsupported operand type for unary ${operator}: '${typeName(value)}'`, at)
}

const computeNumbers = (left: unknown, operator: Arithmetic, right: unknown): unknown => {
  const [a, b] = [numberOf(left), numberOf(right)]
  if (a === undefined || b === undefined) return undefined
  if ((operator === '&' || operator === '|') && typeof left === 'boolean' && typeof right === 'boolean')
    return operator === '&' ? left && right : left || right
  if (operator === '/') return quotient(a, b)
  return typeof a === 'bigint' && typeof b === 'bigint'
    ? computeIntegers(a, operator, b)
    : computeFloats(floatOf(a), operator, floatOf(b))
}

const floatOf = (number: bigint | number): number => {
  const float = Number(number)
  if (typeof number === 'bigint' && !Number.isFinite(float)) throw new RangeError('int too large to convert to float')
  return float
}

/** Returns the result of Python's `/`, which is a float. */
const quotient = (a: bigint | number, b: bigint | number): number => {
  if (Number(b) === 0) throw new RangeError('division by zero')
  if (typeof a !== 'bigint' || typeof b !== 'bigint') return floatOf(a) / floatOf(b)
  const float = positiveQuotient(magnitude(a), magnitude(b))
  return a < 0n === b < 0n ? float : -float
}

const magnitude = (number: bigint): bigint => (number < 0n ? -number : number)

/**
 * Divides positive ints and rounds only the result. If the ints were converted to floats first, they would be rounded
 * too.
 */
const positiveQuotient = (a: bigint, b: bigint): number => {
  // `a` is shifted so that the quotient has at least 68 bits, which is more than the 53 bits of a float. If the
  // division has a remainder, the last bit of the quotient is set, so that `floatOf` rounds correctly.
  const bits = Math.max(0, 72 + 4 * (b.toString(16).length - a.toString(16).length))
  const shifted = a << BigInt(bits)
  return floatOf((shifted / b) | (shifted % b === 0n ? 0n : 1n)) / 2 ** bits
}

const computeIntegers = (a: bigint, operator: Exclude<Arithmetic, '/'>, b: bigint): bigint => {
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
      if (b < 0n || b > MAX_SHIFT_BITS) throw new RangeError(`a shift must be between 0 and ${MAX_SHIFT_BITS} bits`)
      return operator === '<<' ? a << b : a >> b
  }
}

const remainder = (a: bigint, b: bigint): bigint => {
  if (b === 0n) throw new RangeError('division by zero')
  return modulo(a, b)
}

const computeFloats = (a: number, operator: Arithmetic, b: number): number | undefined => {
  if (operator === '+') return a + b
  if (operator === '-') return a - b
  if (operator === '*') return a * b
  if (operator !== '%') return undefined
  if (b === 0) throw new RangeError('division by zero')
  const rest = a % b
  // As in Python, even a zero has the sign of the divisor.
  if (rest === 0) return b < 0 ? -0 : 0
  return rest < 0 === b < 0 ? rest : rest + b
}

const computeSequences = (left: unknown, operator: Arithmetic, right: unknown): unknown => {
  if (operator === '+') {
    if (typeof left === 'string' && typeof right === 'string') return left + right
    if (isList(left) && isList(right)) return [...left, ...right]
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items])
    if (left instanceof Bytes && right instanceof Bytes) return new Bytes(left.latin1 + right.latin1)
  }
  if (operator !== '*') return undefined
  // At most one operand is a number, because `computeNumbers` has handled all pairs of numbers.
  if (numberOf(left) !== undefined) return computeSequences(right, operator, left)
  const times = numberOf(right)
  if (typeof times !== 'bigint') return undefined
  if (typeof left === 'string') return left.repeat(repeatCount(left.length, times))
  if (left instanceof Bytes) return new Bytes(left.latin1.repeat(repeatCount(left.latin1.length, times)))
  const items = left instanceof Tuple ? left.items : left
  if (!isList(items)) return undefined
  const many = Array.from({ length: repeatCount(sizeOf(items), times) }, () => items).flat()
  return left instanceof Tuple ? new Tuple(many) : many
}

const repeatCount = (length: number, times: bigint): number => {
  if (times <= 0n || length === 0) return 0
  if (BigInt(length) * times > MAX_REPEATED_LENGTH)
    throw new RangeError(`the result of \`*\` must not have more than ${MAX_REPEATED_LENGTH} characters or values`)
  return Number(times)
}

/** Returns 1 for a value without items. For a list or a tuple, returns 1 plus the sizes of its items. */
const sizeOf = (value: unknown): number => {
  const items = itemsOf(value)
  return items === undefined ? 1 : items.reduce<number>((sum, item) => sum + sizeOf(item), 1)
}

const computeTimes = (left: unknown, operator: Arithmetic, right: unknown): unknown => {
  const sign = operator === '-' ? -1n : 1n
  if (operator === '+' && left instanceof TimeDelta && !(right instanceof TimeDelta))
    return computeTimes(right, operator, left)
  if ((operator === '+' || operator === '-') && right instanceof TimeDelta) {
    if (left instanceof DateTime) return new DateTime(left.wall + sign * right.micros, left.zone)
    if (left instanceof CalendarDate) return new CalendarDate(left.day + sign * dayOf(right.micros))
    if (left instanceof TimeDelta) return new TimeDelta(left.micros + sign * right.micros)
  }
  if (operator === '-') return difference(left, right)
  if (operator === '*')
    return left instanceof TimeDelta
      ? multiply(left, right)
      : right instanceof TimeDelta
        ? multiply(right, left)
        : undefined
  if (operator === '/' && left instanceof TimeDelta) {
    if (right instanceof TimeDelta) return quotient(left.micros, right.micros)
    const fraction = asFraction(right)
    return fraction && new TimeDelta(roundedQuotient(left.micros * fraction[1], fraction[0]))
  }
  if (operator === '%' && left instanceof TimeDelta && right instanceof TimeDelta)
    return new TimeDelta(remainder(left.micros, right.micros))
  return undefined
}

const multiply = (delta: TimeDelta, factor: unknown): TimeDelta | undefined => {
  const fraction = asFraction(factor)
  return fraction && new TimeDelta(roundedQuotient(delta.micros * fraction[0], fraction[1]))
}

/** Returns a number as an exact fraction, or undefined for any other value. */
const asFraction = (value: unknown): readonly [numerator: bigint, denominator: bigint] | undefined => {
  const number = numberOf(value)
  return typeof number === 'number' ? fractionOf(number) : number === undefined ? undefined : [number, 1n]
}

/**
 * Returns the difference of two dates or two times. Returns undefined for other values, or if only one of the times has
 * a zone.
 */
const difference = (left: unknown, right: unknown): TimeDelta | undefined => {
  if (left instanceof CalendarDate && right instanceof CalendarDate) return new TimeDelta((left.day - right.day) * DAY)
  if (!(left instanceof DateTime && right instanceof DateTime)) return undefined
  if ((left.zone === undefined) !== (right.zone === undefined)) return undefined
  return new TimeDelta(left.wall - (left.zone?.offset ?? 0n) - right.wall + (right.zone?.offset ?? 0n))
}
