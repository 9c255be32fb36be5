import { must } from './must.ts'

/**
 * A number for each model, by the model's name. Read it with `countOf`, because a model can have the name of an
 * inherited property, such as `constructor`.
 */
type ModelCounts = Readonly<Record<string, number>>

/** Returns the number of a model, or 0 if the model has no entry. */
export const countOf = (counts: ModelCounts, model: string): number =>
  Object.hasOwn(counts, model) ? must(counts[model]) : 0

export const addCount = (counts: Record<string, number>, model: string, count = 1): void => {
  counts[model] = countOf(counts, model) + count
}
