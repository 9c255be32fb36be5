import type { PinnedObject } from '../objects/object.ts'
import { type Part, PartLayout } from '../objects/part-layout.ts'

/**
 * A part of a multipart upload with its part number. Part numbers begin at 1. A part consists of slices (byte ranges of
 * pieces). The `source` of a slice is the index of its piece in `pieces`, the parameter of `planParts`.
 */
type PlannedPart = Part<number> & { readonly number: number }

/**
 * Divides the concatenated pieces into the parts of a multipart upload, with the composing algorithm of
 * `shared/archive/FORMAT.md`.
 */
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
