import type { Item } from '../tables/item.ts'

/** A consistent resource of the store. */
export interface StoredResource {
  /** The hash key. */
  readonly h: string
  readonly id: string
  readonly metadata: Item
  /**
   * In the order of their sort keys. An array or, if they exceed 4 MiB, a stream, which must be read to its end before
   * the next resource. The end of a stream can throw `ResourceChangedError`.
   */
  readonly revisions: readonly Item[] | AsyncIterable<Item>
}

export interface ReadOptions {
  /** Whether to return a resource with this metadata. By default, all resources are returned. */
  readonly filter?: (metadata: Item) => boolean
  /**
   * Only with `filter`: called with the hash key of each resource, whether the filter accepts it or not. If it returns
   * true, reading ends before this resource. It lets a caller stop even if the filter accepts nothing. The store reads
   * ahead, so it is called before earlier resources are returned.
   */
  readonly until?: (h: string) => boolean
  /**
   * Called with each metadata item that the filter accepts, before its revisions are read. If it returns false, the
   * resource is omitted. It lets a caller omit and report items whose key does not belong to their content.
   */
  readonly isValid?: (metadata: Item) => boolean
  /**
   * Only without `filter`: called with each revision of the range that belongs to none of the returned metadata items.
   * If a writer has written only the revisions of a resource so far, or if `isValid` has omitted the resource, its
   * revisions are included.
   */
  readonly onUnclaimed?: (revision: Item) => void
  /** Called with the id of each torn resource. Without it, `TornResourcesError` is thrown after the last resource. */
  readonly onTorn?: (id: string) => void
}
