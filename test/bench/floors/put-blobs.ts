import { PutObjectCommand } from '@aws-sdk/client-s3'
import pMap from 'p-map'
import { CONCURRENT, type Floor } from './floor.ts'

/** Writes all blobs from memory. */
export const putBlobs: Floor = {
  prepare: ({ blobs }) => void blobs(),
  run: async ({ s3, blobBucket, blobs }) => {
    await pMap(
      blobs(),
      ({ key, bytes }) => s3.send(new PutObjectCommand({ Bucket: blobBucket, Key: key, Body: bytes })),
      { concurrency: CONCURRENT.blobs },
    )
  },
}
