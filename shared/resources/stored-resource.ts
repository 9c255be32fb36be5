import type { Item } from '../tables/item.ts'

/** A consistent resource of the store. */
export interface StoredResource {
  /** The hash key. */
  readonly h: string
  readonly id: string
  readonly metadata: Item
  /**
   * The revisions in the order of their sort keys. They are an array or, if they exceed 4 MiB, a stream. A stream must
   * be read to its end before the next resource is requested. At its end, a stream can throw `ResourceChangedError`.
   */
  readonly revisions: readonly Item[] | AsyncIterable<Item>
}

export interface ReadOptions {
  /** Whether to return a resource with this metadata. By default, all resources are returned. */
  readonly filter?: (metadata: Item) => boolean
  /**
   * Called with the hash key of each resource, whether the filter accepts the resource or not. Without `filter`, the
   * function is not called. If the function returns true, reading ends before this resource. A caller can therefore
   * stop even if the filter accepts no resource. The store reads ahead, so the function is called before earlier
   * resources are returned.
   */
  readonly until?: (h: string) => boolean
  /**
   * Called with each metadata item that the filter accepts, before its revisions are read. If the function returns
   * false, the resource is omitted. A caller uses it to omit and report metadata that cannot be restored.
   */
  readonly isValid?: (metadata: Item) => boolean
  /**
   * Called with each revision of the range whose metadata item is not returned. Either no metadata item exists, for
   * example because a writer has not written it yet, or `isValid` has omitted it. With `filter`, the function is not
   * called.
   */
  readonly onUnclaimed?: (revision: Item) => void
  /**
   * Called with the id of each torn resource. Without this function, `TornResourcesError` is thrown after the last
   * resource.
   */
  readonly onTorn?: (id: string) => void
}
