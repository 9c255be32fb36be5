import type { PinnedObject } from '../objects/object.ts'
import { type Part, PartLayout } from '../objects/part-layout.ts'
import { must } from '../values/must.ts'

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

/** The limits on the parts that one map item creates. */
interface ItemLimits {
  readonly partsPerItem: number
  readonly bytesPerItem: number
}

/**
 * Divides parts among map items. A map item has at most `partsPerItem` parts. Unless it has only one part, it has at
 * most `bytesPerItem` bytes.
 */
export const planPartItems = (
  parts: readonly PlannedPart[],
  { partsPerItem, bytesPerItem }: ItemLimits,
): readonly (readonly number[])[] => {
  const items: number[][] = []
  let bytes = Infinity
  for (const { number, size } of parts) {
    if (bytes + size > bytesPerItem || items.at(-1)?.length === partsPerItem) {
      items.push([])
      bytes = 0
    }
    must(items.at(-1)).push(number)
    bytes += size
  }
  return items
}

/** Splits a list into at most `count` runs of nearly equal length. */
export const splitIntoRuns = <T>(list: readonly T[], count: number): T[][] => {
  const length = Math.ceil(list.length / count)
  return Array.from({ length: Math.ceil(list.length / length) }, (_, k) => list.slice(k * length, (k + 1) * length))
}
