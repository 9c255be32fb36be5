/** A reference of a resource to a blob. */
export interface SortedReference {
  /** See `blobPosition`. Blobs in an archive are in the order of their positions. */
  readonly position: string
  readonly model: string
  readonly file_id: string
  /** A resource that refers to the blob. */
  readonly resource_id: string
}

/** Receives the references to blobs while the records are read. */
export interface ReferenceSink {
  add(model: string, fileId: string, resourceId: string): Promise<void> | void
}

/**
 * Sorts the references to blobs. An archive can contain more references than fit into memory, so an implementation may
 * keep them in files.
 */
export interface ReferenceSorter extends ReferenceSink {
  /**
   * Returns the references, sorted by position and model. References with the same position and model may be returned
   * once or several times. May be called once, after the last reference was added.
   */
  sorted(): AsyncIterable<SortedReference>
}
