import type { Item } from '../tables/item.ts'

/** A resource of the store. Its metadata and revisions are consistent with each other. */
export interface StoredResource {
  /** The id hash. */
  readonly h: string
  readonly id: string
  readonly metadata: Item
  /**
   * The revisions in the order of their sort keys. They are an array or, if they exceed 4 MiB, a stream. The caller
   * must read the stream to its end before it requests the next resource. At its end, the stream throws
   * `ResourceChangedError` if the resource has changed.
   */
  readonly revisions: readonly Item[] | AsyncIterable<Item>
}

export interface ReadOptions {
  /** Returns true if the resource with this metadata is to be returned. By default, all resources are returned. */
  readonly filter?: (metadata: Item) => boolean
  /**
   * Called with the id hash of each resource before `filter` is called. If the function returns true, reading ends
   * before this resource. A caller can therefore stop even if the filter selects no resource. The store reads ahead, so
   * the function can be called before earlier resources are returned. These can have the same digest bucket as `h`.
   * Without `filter`, the function is only called with the id hash of the last revision of each page that belongs to no
   * returned resource. If it returns true, reading ends before the next resource.
   */
  readonly until?: (h: string) => boolean
  /**
   * Called with the id hash of the last resource of each page of metadata, after the caller has requested the resource
   * that follows the page. All resources before this one have then been returned, or are not selected. Without
   * `filter`, the function is not called.
   */
  readonly onRead?: (h: string) => void
  /**
   * Called with each metadata item that the filter selects. If the function returns false, the resource is omitted. A
   * caller can use this function to report metadata that cannot be restored.
   */
  readonly acceptMetadata?: (metadata: Item) => boolean
  /**
   * Called with the revisions that belong to no returned resource, in the order of their sort keys. Each call contains
   * the revisions of at most one page. Either the metadata item of such a revision does not exist, for example because
   * a writer has not written it yet, or `acceptMetadata` has returned false. With `filter`, the function is not called.
   */
  readonly onUnclaimed?: (revisions: readonly Item[]) => Promise<void>
  /**
   * Called with the id of each torn resource. Without this function, `TornResourcesError` is thrown after the last
   * resource.
   */
  readonly onTorn?: (id: string) => void
}
