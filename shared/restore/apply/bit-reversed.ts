/**
 * The numbers `0 … count-1`, sorted by their bits in reverse order. Extents are applied in this order: neighbours in
 * the archive are neighbours in the table, so the first workers write to different shards of it.
 */
export const bitReversed = (count: number): number[] => {
  const bits = Math.max(1, Math.ceil(Math.log2(count)))
  const reversed = (value: number): number => {
    let result = 0
    for (let bit = 0; bit < bits; bit++) if ((value & (1 << bit)) !== 0) result |= 1 << (bits - 1 - bit)
    return result
  }
  return Array.from({ length: 1 << bits }, (_, value) => reversed(value)).filter((value) => value < count)
}
