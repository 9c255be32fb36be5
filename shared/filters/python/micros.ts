/** Counts of microseconds, as Python's `timedelta` makes them of other numbers: rounded once, to the nearest, and to even between two. */

/** What so many of these units make together. The parts of a microsecond are summed up before they are rounded. */
export const microsIn = (counts: readonly (readonly [count: bigint | number, unit: bigint])[]): bigint => {
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
  const [over, under] = ratioOf(rest)
  return nearest(whole * under + over, under)
}

/** The whole number nearest to a fraction. Throws `RangeError` for a division by zero. */
export const nearest = (over: bigint, under: bigint): bigint => {
  if (under === 0n) throw new RangeError('division by zero')
  if (under < 0n) return nearest(-over, -under)
  const rest = ((over % under) + under) % under
  const floor = (over - rest) / under
  const isUp = 2n * rest > under || (2n * rest === under && floor % 2n !== 0n)
  return isUp ? floor + 1n : floor
}

/** A float as the fraction that it is. Throws `RangeError` for one that is none. */
export const ratioOf = (number: number): readonly [over: bigint, under: bigint] => {
  if (!Number.isFinite(number)) throw new RangeError('an infinite number is no fraction')
  let over = number
  let under = 1n
  while (!Number.isInteger(over)) {
    over *= 2
    under *= 2n
  }
  return [BigInt(over), under]
}
