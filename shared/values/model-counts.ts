import { must } from './must.ts'

/**
 * Numbers by model. Only own properties count, because a model can have the name of an inherited one, such as
 * `constructor`.
 */
export type ModelCounts = Readonly<Record<string, number>>

/** The number of a model, 0 by default. */
export const countOf = (counts: ModelCounts, model: string): number =>
  Object.hasOwn(counts, model) ? must(counts[model]) : 0

export const addCount = (counts: Record<string, number>, model: string, count = 1): void => {
  counts[model] = countOf(counts, model) + count
}
