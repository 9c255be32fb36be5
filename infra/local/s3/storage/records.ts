/** A range of bytes in a file under `content/`. Only one record refers to this file. */
export interface Segment {
  readonly file: string
  readonly offset: number
  readonly length: number
}

/** The checksum algorithms of S3, as in the names of its headers (`x-amz-checksum-crc32`). */
export const CHECKSUM_NAMES = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const
export type ChecksumName = (typeof CHECKSUM_NAMES)[number]

/** Checksums in base64, by algorithm. */
export type Checksums = Readonly<Partial<Record<ChecksumName, string>>>

export type VersioningStatus = 'Enabled' | 'Suspended'

export interface BucketRecord {
  /** The time of creation in milliseconds since 1970. */
  readonly created: number
  /** Undefined until versioning is configured for the first time. */
  readonly versioning?: VersioningStatus
  /** True if the notification configuration of the bucket names EventBridge. */
  readonly eventBridge?: boolean
}

/** The version id of objects that were written while versioning was not enabled. */
export const NULL_VERSION = 'null'

interface VersionRecord {
  readonly versionId: string
  /** A number that increases with each write of the service. */
  readonly sequence: number
  /** The time of the write in milliseconds since 1970. It is a whole second, because HTTP dates have no fractions. */
  readonly modified: number
}

/** One version of an object. */
export interface ObjectVersion extends VersionRecord {
  readonly size: number
  /** The ETag without quotes. */
  readonly etag: string
  /** The headers that a GET returns, such as `content-type` and `x-amz-meta-…`. */
  readonly headers: Readonly<Record<string, string>>
  readonly segments: readonly Segment[]
  readonly checksums: Checksums
}

/** A version without content. While it is the latest version of a key, the object does not exist for readers. */
export interface DeleteMarker extends VersionRecord {
  readonly deleteMarker: true
}

export type VersionEntry = ObjectVersion | DeleteMarker

/** A multipart upload that is neither completed nor aborted. */
export interface UploadRecord {
  readonly bucket: string
  readonly key: string
  /** The time at which the upload was created, in milliseconds since 1970. */
  readonly started: number
  readonly headers: Readonly<Record<string, string>>
  /** If defined, every part has a checksum of this algorithm. */
  readonly algorithm?: ChecksumName
}

/** One part of an upload. */
export interface PartRecord {
  readonly number: number
  readonly size: number
  readonly etag: string
  /** The time of the upload in milliseconds since 1970. */
  readonly modified: number
  readonly segments: readonly Segment[]
  readonly checksums: Checksums
}

export function isDeleteMarker(entry: VersionEntry): entry is DeleteMarker {
  return 'deleteMarker' in entry
}
