import { CopyObjectCommand } from '@aws-sdk/client-s3'
import pMap from 'p-map'
import { CONCURRENT, type Floor } from './floor.ts'

/** Lets S3 copy all blobs to another bucket. */
export const copyBlobs: Floor = {
  run: async ({ s3, blobBucket, workBucket, blobKeys }) => {
    await pMap(
      blobKeys,
      (key) =>
        s3.send(new CopyObjectCommand({ Bucket: workBucket, Key: `bench/${key}`, CopySource: `${blobBucket}/${key}` })),
      { concurrency: CONCURRENT.blobs },
    )
  },
}
