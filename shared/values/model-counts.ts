import { must } from './must.ts'

/**
 * A number for each model, by the name of the model. Use `countOf` to read a number, because the name of a model can
 * equal that of an inherited property, such as `constructor`.
 */
type ModelCounts = Readonly<Record<string, number>>

/** Returns the number for a model, or 0 if the model has no entry. */
export const countOf = (counts: ModelCounts, model: string): number =>
  Object.hasOwn(counts, model) ? must(counts[model]) : 0

export const addCount = (counts: Record<string, number>, model: string, count = 1): void => {
  counts[model] = countOf(counts, model) + count
}
