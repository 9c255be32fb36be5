/** One immutable state of an S3 object: reads are pinned to its version where there is one, else by If-Match to its ETag. */
export interface PinnedObject {
  readonly bucket: string
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly version_id?: string
}

/** A run of bytes inside a pinned object. */
export interface ObjectRange {
  readonly object: PinnedObject
  readonly start: number
  readonly length: number
}
