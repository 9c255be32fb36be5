/**
 * Returns the numbers from 0 to `count - 1`, sorted by their bits in reverse order. For example, 4 gives [0, 2, 1, 3].
 * Map items that read or write the resource table have this order. Consecutive ranges of id hashes often belong to the
 * same partition of the table. In the reversed order, workers that run at the same time use different partitions.
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
