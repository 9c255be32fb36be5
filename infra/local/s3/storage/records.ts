/** A range of bytes in a file under `content/`. No other record names that file. */
export interface Segment {
  readonly file: string
  readonly offset: number
  readonly length: number
}

/** Checksum algorithms of S3, as its headers name them. */
export const CHECKSUM_NAMES = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const
export type ChecksumName = (typeof CHECKSUM_NAMES)[number]

/** base64 by algorithm */
export type Checksums = Readonly<Partial<Record<ChecksumName, string>>>

export type VersioningStatus = 'Enabled' | 'Suspended'

export interface BucketRecord {
  /** milliseconds since 1970 */
  readonly created: number
  /** absent until versioning is configured for the first time */
  readonly versioning?: VersioningStatus
}

/** The version id of objects that were written while versioning was not enabled. */
export const NULL_VERSION = 'null'

interface VersionRecord {
  readonly versionId: string
  /** orders all writes of the service: a later write has a larger number */
  readonly sequence: number
  /** milliseconds since 1970, in whole seconds as in HTTP dates */
  readonly modified: number
}

/** One version of an object. */
export interface ObjectVersion extends VersionRecord {
  readonly size: number
  /** without quotes */
  readonly etag: string
  /** what a GET returns: content type and the like, and `x-amz-meta-…` */
  readonly headers: Readonly<Record<string, string>>
  readonly segments: readonly Segment[]
  readonly checksums: Checksums
}

/** A version without content: it hides the versions before it. */
export interface DeleteMarker extends VersionRecord {
  readonly deleteMarker: true
}

export type VersionEntry = ObjectVersion | DeleteMarker

/** A multipart upload that is neither completed nor aborted. */
export interface UploadRecord {
  readonly bucket: string
  readonly key: string
  /** milliseconds since 1970 */
  readonly started: number
  readonly headers: Readonly<Record<string, string>>
  /** If it is present, every part has a checksum of this algorithm. */
  readonly algorithm?: ChecksumName
}

/** One part of an upload. */
export interface PartRecord {
  readonly number: number
  readonly size: number
  readonly etag: string
  /** milliseconds since 1970 */
  readonly modified: number
  readonly segments: readonly Segment[]
  readonly checksums: Checksums
}

export function isDeleteMarker(entry: VersionEntry): entry is DeleteMarker {
  return 'deleteMarker' in entry
}
