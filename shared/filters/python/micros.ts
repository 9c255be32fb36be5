/** Exact arithmetic for microseconds. As in Python's `timedelta`, only the result is rounded (half to even). */

/** Returns the result of Python's `%`, which has the sign of the divisor. */
export const modulo = (value: bigint, divisor: bigint): bigint => ((value % divisor) + divisor) % divisor

/** Returns the sum of `count` × `unit` in microseconds. Only the sum is rounded, not its terms. */
export const sumMicros = (counts: readonly (readonly [count: bigint | number, unit: bigint])[]): bigint => {
  let whole = 0n
  let rest = 0
  for (const [count, unit] of counts) {
    if (typeof count === 'bigint') whole += count * unit
    else {
      const units = Math.trunc(count)
      const part = (count - units) * Number(unit)
      whole += BigInt(units) * unit + BigInt(Math.trunc(part))
      rest += part % 1
    }
  }
  const [numerator, denominator] = fractionOf(rest)
  return roundedQuotient(whole * denominator + numerator, denominator)
}

/** Returns a quotient, rounded to a whole number (half to even). Throws `RangeError` for a division by zero. */
export const roundedQuotient = (numerator: bigint, denominator: bigint): bigint => {
  if (denominator === 0n) throw new RangeError('division by zero')
  if (denominator < 0n) return roundedQuotient(-numerator, -denominator)
  const rest = modulo(numerator, denominator)
  const floor = (numerator - rest) / denominator
  const isUp = 2n * rest > denominator || (2n * rest === denominator && floor % 2n !== 0n)
  return isUp ? floor + 1n : floor
}

/** Returns a float as an exact fraction. Throws `RangeError` for NaN and infinity. */
export const fractionOf = (number: number): readonly [numerator: bigint, denominator: bigint] => {
  if (!Number.isFinite(number)) throw new RangeError('cannot convert infinity or NaN to a fraction')
  let numerator = number
  let denominator = 1n
  while (!Number.isInteger(numerator)) {
    numerator *= 2
    denominator *= 2n
  }
  return [BigInt(numerator), denominator]
}
