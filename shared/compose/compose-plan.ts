import type { PinnedObject } from '../objects/object.ts'
import { type Part, PartLayout } from '../objects/part-layout.ts'

/** A numbered part of the archive. Its sources are indexes into the list of pieces. */
export type PlannedPart = Part<number> & { readonly number: number }

/** Divides pieces, placed end to end, into numbered parts, by the composing algorithm of `shared/archive/FORMAT.md`. */
export const planParts = (
  pieces: readonly { readonly object: PinnedObject; readonly copyable: boolean }[],
): PlannedPart[] => {
  const layout = new PartLayout<number>()
  const parts = pieces.flatMap(({ object, copyable }, source) => layout.add({ size: object.size, source, copyable }))
  return [...parts, ...layout.end()].map((part, index) => ({ ...part, number: index + 1 }))
}

/** Splits a list into at most `count` runs of nearly equal length. */
export const splitIntoRuns = <T>(list: readonly T[], count: number): T[][] => {
  const length = Math.ceil(list.length / count)
  return Array.from({ length: Math.ceil(list.length / length) }, (_, k) => list.slice(k * length, (k + 1) * length))
}
