import { PartLayout, type Part } from '../objects/part-layout.ts'
import type { PinnedObject } from '../objects/object.ts'

/** What is laid end to end: segments (or runs of them, joined in a round before), and last the tail. */
export interface ComposePiece {
  readonly object: PinnedObject
  /** The tail is bytes, however large: the last piece must not be copied. */
  readonly copyable: boolean
}

/** One multipart upload of a round: its pieces, and the parts that they make. */
export interface ComposeTarget {
  readonly key: string
  readonly bucket: string
  readonly upload_id: string
  readonly pieces: readonly ComposePiece[]
}

/** A part of the archive: sources by their place among the pieces. */
export type PlannedPart = Part<number> & { readonly number: number }

/** Lays pieces end to end into numbered parts, by the algorithm of `shared/archive/FORMAT.md`. */
export const partsOf = (pieces: readonly ComposePiece[]): PlannedPart[] => {
  const layout = new PartLayout<number>()
  const parts = pieces.flatMap(({ object, copyable }, source) => layout.add({ size: object.size, source, copyable }))
  return [...parts, ...layout.end()].map((part, k) => ({ ...part, number: k + 1 }))
}

/** Cuts a list into at most `count` runs of nearly equal length. */
export const runsOf = <T>(list: readonly T[], count: number): T[][] => {
  const length = Math.ceil(list.length / count)
  return Array.from({ length: Math.ceil(list.length / length) }, (_, k) => list.slice(k * length, (k + 1) * length))
}
