import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'

/** Reads an object to its end and hashes it, without keeping its bytes. */
export const hashBlob = async (s3: S3Client, bucket: string, key: string): Promise<void> => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  if (!(Body instanceof Readable)) throw new TypeError(`s3://${bucket}/${key}: the SDK returned no stream`)
  const hash = createHash('sha256')
  await pipeline(Body, hash)
  hash.digest()
}
