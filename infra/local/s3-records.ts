/** Bytes of an object or a part: a stretch of a file under `content/` that only this record names. */
export interface Segment {
  readonly file: string
  readonly offset: number
  readonly length: number
}

/** Checksum algorithms of S3, as its headers name them. */
export type ChecksumName = 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256'

/** base64 by algorithm */
export type Checksums = Readonly<Partial<Record<ChecksumName, string>>>

/** What is kept of an object beside its bytes. */
export interface ObjectRecord {
  /** names this state of the key; a new one with each write */
  readonly generation: string
  readonly size: number
  /** without quotes */
  readonly etag: string
  /** milliseconds since 1970, whole seconds, as HTTP's dates say them */
  readonly modified: number
  /** what a GET sends back: content type and the like, and `x-amz-meta-…` */
  readonly headers: Readonly<Record<string, string>>
  readonly segments: readonly Segment[]
  readonly checksums: Checksums
}

/** A multipart upload under way. */
export interface UploadRecord {
  readonly bucket: string
  readonly key: string
  readonly started: number
  readonly headers: Readonly<Record<string, string>>
  /** declared at its start: then every part has one */
  readonly algorithm?: ChecksumName
}

/** One part of it: the last one received under its number. */
export interface PartRecord {
  readonly number: number
  readonly size: number
  readonly etag: string
  readonly modified: number
  readonly segments: readonly Segment[]
  readonly checksums: Checksums
}
