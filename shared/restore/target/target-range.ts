import type { SortKeyRange } from '../../tables/item.ts'

/**
 * Returns the range of sort keys between two bounds. If a bound is undefined, the range has no limit on that side. No
 * sort key of an item equals a bound, so it does not matter whether the range includes its bounds.
 */
export const targetRange = (after: string | undefined, upTo: string | undefined): SortKeyRange => ({
  fromSk: after ?? '0',
  // `g` sorts after all hash keys, because they consist of hex digits.
  toSk: upTo ?? 'g',
})
