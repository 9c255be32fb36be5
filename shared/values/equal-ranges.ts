/** Divides a length into as few equal ranges of at most `max` as possible. A length of 0 has no ranges. */
export const equalRanges = (
  length: number,
  max: number,
): readonly { readonly start: number; readonly length: number }[] => {
  const count = Math.ceil(length / max)
  const [least, rest] = [Math.floor(length / count), length % count]
  // This equals `Math.floor((k * length) / count)`, but `k * length` can be too large for an exact number.
  const border = (k: number): number => k * least + Math.floor((k * rest) / count)
  return Array.from({ length: count }, (_, k) => ({ start: border(k), length: border(k + 1) - border(k) }))
}
