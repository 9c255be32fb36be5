import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'
import type { PinnedObject } from '../object.ts'
import { type ObjectHeaders, presentHeaders } from '../object-headers.ts'
import { plainETag, fullSha256 } from './s3-errors.ts'

/** An object with the properties that HEAD and GET return. */
export interface StoredObject extends PinnedObject {
  readonly content_type?: string
  readonly headers: ObjectHeaders
  /** User metadata, as the headers contain them. S3 encodes values that are not ASCII as RFC 2047 defines. */
  readonly metadata: Readonly<Record<string, string>>
  /** The number of entries of user metadata that S3 stores but cannot return in headers. */
  readonly missing_metadata: number
  /**
   * The entry `sha256` of the user metadata, in hex. The bytes may have another SHA-256, because S3 does not verify
   * this value.
   */
  readonly sha256?: string
  /**
   * The time until which S3 Object Lock protects this version, as ISO 8601. Absent if the version is not locked, or if
   * the permission `s3:GetObjectRetention` is missing.
   */
  readonly locked_until?: string
  /** The CRC-64/NVME of the whole object in Base64, which S3 has computed. Absent if S3 has computed none. */
  readonly checksum_crc64?: string
  /** The SHA-256 of the bytes, in hex, which S3 has verified. */
  readonly checksumSha256?: string
  /** The checksum that S3 has computed of the parts of the object (`shared/values/parts-sha256.ts`). */
  readonly partsSha256?: string
}

export interface WriteOptions {
  readonly contentType?: string
  readonly headers?: ObjectHeaders
  /** User metadata. It must be ASCII, because it is sent in HTTP headers. */
  readonly metadata?: Readonly<Record<string, string>>
}

export interface PutOptions extends WriteOptions {
  /** If true, an existing object is not replaced. */
  readonly ifAbsent?: boolean
  /** An existing object is replaced only if it has this ETag. */
  readonly ifMatch?: string
  /**
   * The SHA-256 of the bytes, in hex. S3 verifies it and stores it as the checksum of the object. By default, it is
   * computed from the bytes.
   */
  readonly sha256?: string
}

/** Returns the body of a response as a stream. */
export const bodyOf = ({ Body }: GetObjectCommandOutput): Readable => {
  if (Body instanceof Readable) return Body
  throw new Error('the body of an S3 response is not a Node.js stream')
}

/** The fields of a request that writes an object. The SDK ignores `ExpiresString`, but `sendExpires` sends it. */
interface WriteFields {
  readonly ContentType?: string
  readonly CacheControl?: string
  readonly ContentDisposition?: string
  readonly ContentEncoding?: string
  readonly ContentLanguage?: string
  readonly ExpiresString?: string
  readonly Metadata?: Record<string, string>
}

/** Returns the fields of a request that writes an object. */
export const writeFields = ({ contentType, headers = {}, metadata }: WriteOptions): WriteFields => {
  const { cache_control, content_disposition, content_encoding, content_language, expires } = headers
  return {
    ...(contentType === undefined ? {} : { ContentType: contentType }),
    ...(cache_control === undefined ? {} : { CacheControl: cache_control }),
    ...(content_disposition === undefined ? {} : { ContentDisposition: content_disposition }),
    ...(content_encoding === undefined ? {} : { ContentEncoding: content_encoding }),
    ...(content_language === undefined ? {} : { ContentLanguage: content_language }),
    ...(expires === undefined ? {} : { ExpiresString: expires }),
    ...(metadata === undefined ? {} : { Metadata: { ...metadata } }),
  }
}

/** Creates a pinned object from the fields of a response. */
export const pinned = (
  bucket: string,
  key: string,
  size: number,
  etag: string | undefined,
  versionId: string | undefined,
): PinnedObject => ({
  bucket,
  key,
  size,
  etag: plainETag(etag),
  ...(versionId === undefined ? {} : { version_id: versionId }),
})

/** Returns the `StoredObject` that the response to a HEAD or GET request describes. */
export const storedObject = (
  bucket: string,
  key: string,
  answer: HeadObjectCommandOutput | GetObjectCommandOutput,
): StoredObject => {
  const { ContentLength = 0, ETag, VersionId, ContentType, Metadata = {}, ChecksumSHA256, ChecksumType } = answer
  const { ObjectLockRetainUntilDate, ChecksumCRC64NVME } = answer
  const sha256 = Metadata['sha256']
  const checksum = fullSha256({ base64: ChecksumSHA256, type: ChecksumType, etag: ETag }, sha256)
  return {
    ...pinned(bucket, key, ContentLength, ETag, VersionId),
    headers: presentHeaders({
      cache_control: answer.CacheControl,
      content_disposition: answer.ContentDisposition,
      content_encoding: answer.ContentEncoding,
      content_language: answer.ContentLanguage,
      expires: answer.ExpiresString,
    }),
    metadata: Metadata,
    missing_metadata: answer.MissingMeta ?? 0,
    ...(ContentType === undefined ? {} : { content_type: ContentType }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(checksum === undefined ? {} : { checksumSha256: checksum }),
    ...(ChecksumSHA256?.includes('-') === true ? { partsSha256: ChecksumSHA256 } : {}),
    ...(ChecksumCRC64NVME === undefined || ChecksumType === 'COMPOSITE' ? {} : { checksum_crc64: ChecksumCRC64NVME }),
    ...(ObjectLockRetainUntilDate === undefined ? {} : { locked_until: ObjectLockRetainUntilDate.toISOString() }),
  }
}
