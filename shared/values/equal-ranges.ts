/** Divides a length into as few equal ranges of at most `max` as possible. A length of 0 has no ranges. */
export const equalRanges = (
  length: number,
  max: number,
): readonly { readonly start: number; readonly length: number }[] => {
  const count = Math.ceil(length / max)
  const border = (k: number): number => Math.floor((k * length) / count)
  return Array.from({ length: count }, (_, k) => ({ start: border(k), length: border(k + 1) - border(k) }))
}
