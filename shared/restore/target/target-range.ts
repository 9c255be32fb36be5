import { idHashOf } from '../../resources/keys.ts'
import type { SortKeyRange } from '../../tables/item.ts'

/**
 * Returns the range of sort keys between two bounds. If a bound is undefined, the range has no limit on that side. The
 * range may include or exclude its bounds, because no sort key of a resource equals a bound.
 */
export const targetRange = (after: string | undefined, upTo: string | undefined): SortKeyRange => ({
  fromSk: after ?? '0',
  // `g` sorts after all id hashes, because they consist of hex digits.
  toSk: upTo ?? 'g',
})

/** Returns the ids whose sort keys are between two bounds, as `targetRange` does. */
export const idsIn = (ids: readonly string[], after: string | undefined, upTo: string | undefined): string[] => {
  const { fromSk, toSk } = targetRange(after, upTo)
  return ids.filter((id) => {
    const h = idHashOf(id)
    return fromSk <= h && h <= toSk
  })
}
