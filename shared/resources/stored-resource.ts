import { type Item, sortKeyOf } from '../tables/item.ts'

/** A resource as the store gives it: its metadata, and its revisions in the order of their sort keys. */
export interface StoredResource {
  readonly h: string
  readonly id: string
  readonly metadata: Item
  /** An array, or, over 4 MiB of them, a stream that must be read before the next resource. */
  readonly revisions: readonly Item[] | AsyncIterable<Item>
}

export interface ReadOptions {
  readonly filter?: (metadata: Item) => boolean
  /**
   * Asked, where a filter is given, of the place of each resource on the way, taken or not: true ends the reading before it.
   * A filter that takes nothing can so be stopped too. Pages are asked ahead of what is given out.
   */
  readonly until?: (h: string) => boolean
  /** Told of each resource that stays torn; without it they are thrown together at the end (`TornResourcesError`). */
  readonly onTorn?: (id: string) => void
}

export const hashKeyOfSortKey = (sk: string): string => sk.slice(0, 16)

export const bySortKey = (items: readonly Item[]): Map<string, Item> =>
  new Map(items.map((item) => [sortKeyOf(item), item]))
