import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'
import type { PinnedObject } from '../object.ts'
import { plainETag, wholeSha256 } from './s3-errors.ts'

/** What HEAD (or GET) says of an object. */
export interface StoredObject extends PinnedObject {
  readonly content_type?: string
  readonly metadata: Readonly<Record<string, string>>
  /** `sha256` of the metadata: what the writer said. */
  readonly sha256?: string
  /** S3's own SHA-256 of the whole object, where it keeps one; hex. */
  readonly checksumSha256?: string
}

export interface WriteOptions {
  readonly contentType?: string
  /** ASCII only: it travels in headers. */
  readonly metadata?: Readonly<Record<string, string>>
}

export interface PutOptions extends WriteOptions {
  readonly ifAbsent?: boolean
  /** Hex. Sent as the object's checksum: S3 checks it and keeps it. */
  readonly sha256?: string
}

export const bodyOf = ({ Body }: GetObjectCommandOutput): Readable => {
  if (Body instanceof Readable) return Body
  throw new Error('the S3 client gave a body that is no stream of Node')
}

export const collect = async (body: Readable): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export const writeFields = ({
  contentType,
  metadata,
}: WriteOptions): { ContentType?: string; Metadata?: Record<string, string> } => ({
  ...(contentType === undefined ? {} : { ContentType: contentType }),
  ...(metadata === undefined ? {} : { Metadata: { ...metadata } }),
})

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

export const storedObject = (
  bucket: string,
  key: string,
  answer: HeadObjectCommandOutput | GetObjectCommandOutput,
): StoredObject => {
  const { ContentLength = 0, ETag, VersionId, ContentType, Metadata = {}, ChecksumSHA256, ChecksumType } = answer
  const checksum = wholeSha256(ChecksumSHA256, ChecksumType)
  const sha256 = Metadata['sha256']
  return {
    ...pinned(bucket, key, ContentLength, ETag, VersionId),
    metadata: Metadata,
    ...(ContentType === undefined ? {} : { content_type: ContentType }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(checksum === undefined ? {} : { checksumSha256: checksum }),
  }
}
