import type { SortKeyRange } from '../../tables/item.ts'

/**
 * The target's sort keys that belong to a range of the archive: greater than `after`, at most `upTo`. Absent: no bound.
 */
export const targetRange = (after: string | undefined, upTo: string | undefined): SortKeyRange => ({
  fromSk: after ?? '0',
  // `g` sorts after every hash key.
  toSk: upTo ?? 'g',
})
