import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { create as contentDisposition } from 'content-disposition'

export interface SignedGet {
  /** Seconds. */
  readonly expiresIn: number
  /** What a browser saves the object as. */
  readonly filename: string
  readonly version_id?: string
}

export interface SignedPut {
  /** Seconds. */
  readonly expiresIn: number
  readonly ifAbsent: true
  readonly size?: number
}

/** What an upload must send: the URL and, exactly, these headers. */
export interface SignedUpload {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export const presignGet = (
  client: S3Client,
  bucket: string,
  key: string,
  { expiresIn, filename, version_id }: SignedGet,
): Promise<string> =>
  getSignedUrl(
    client,
    new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ResponseContentDisposition: contentDisposition(filename),
      ...(version_id === undefined ? {} : { VersionId: version_id }),
    }),
    { expiresIn },
  )

export const presignPut = async (
  client: S3Client,
  bucket: string,
  key: string,
  { expiresIn, size }: SignedPut,
): Promise<SignedUpload> => {
  const headers = { 'If-None-Match': '*', ...(size === undefined ? {} : { 'Content-Length': size.toString() }) }
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    IfNoneMatch: '*',
    ...(size === undefined ? {} : { ContentLength: size }),
  })
  const signableHeaders = new Set(['host', ...Object.keys(headers).map((name) => name.toLowerCase())])
  return { url: await getSignedUrl(client, command, { expiresIn, signableHeaders }), headers }
}
