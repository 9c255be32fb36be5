import type { GetObjectCommandOutput, HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { Readable } from 'node:stream'
import type { PinnedObject } from '../object.ts'
import { plainETag, fullSha256 } from './s3-errors.ts'

/** An object with the properties that HEAD and GET return. */
export interface StoredObject extends PinnedObject {
  readonly content_type?: string
  readonly metadata: Readonly<Record<string, string>>
  /** The user metadata `sha256`, in hex. Its writer asserts it; it proves nothing about the bytes. */
  readonly sha256?: string
  /** The SHA-256 of the bytes that S3 has verified and stored, in hex. */
  readonly checksumSha256?: string
}

export interface WriteOptions {
  readonly contentType?: string
  /** User metadata. HTTP headers carry it, so it must be ASCII. */
  readonly metadata?: Readonly<Record<string, string>>
}

export interface PutOptions extends WriteOptions {
  /** Do not replace an existing object. */
  readonly ifAbsent?: boolean
  /** SHA-256 of the bytes in hex, by default computed. S3 verifies it and stores it as the object's checksum. */
  readonly sha256?: string
}

/** The body of an answer as a stream. */
export const bodyOf = ({ Body }: GetObjectCommandOutput): Readable => {
  if (Body instanceof Readable) return Body
  throw new Error('the body of an S3 answer is not a Node stream')
}

/** The bytes of a stream, up to its end. */
export const collect = async (body: Readable): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The fields of a request that writes an object. */
export const writeFields = ({
  contentType,
  metadata,
}: WriteOptions): { ContentType?: string; Metadata?: Record<string, string> } => ({
  ...(contentType === undefined ? {} : { ContentType: contentType }),
  ...(metadata === undefined ? {} : { Metadata: { ...metadata } }),
})

/** A pinned object made of the fields of an answer. */
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

/** An object made of the answer to a HEAD or GET. */
export const storedObject = (
  bucket: string,
  key: string,
  answer: HeadObjectCommandOutput | GetObjectCommandOutput,
): StoredObject => {
  const { ContentLength = 0, ETag, VersionId, ContentType, Metadata = {}, ChecksumSHA256, ChecksumType } = answer
  const checksum = fullSha256(ChecksumSHA256, ChecksumType)
  const sha256 = Metadata['sha256']
  return {
    ...pinned(bucket, key, ContentLength, ETag, VersionId),
    metadata: Metadata,
    ...(ContentType === undefined ? {} : { content_type: ContentType }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(checksum === undefined ? {} : { checksumSha256: checksum }),
  }
}
