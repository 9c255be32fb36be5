/** Numbers by model. A model may be called `constructor`: what a plain object inherits is no count. */
export type ModelCounts = Readonly<Record<string, number>>

export const countOf = (counts: ModelCounts, model: string): number =>
  Object.hasOwn(counts, model) ? (counts[model] ?? 0) : 0

export const addCount = (counts: Record<string, number>, model: string, count = 1): void => {
  counts[model] = countOf(counts, model) + count
}
