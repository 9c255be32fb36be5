import pMap from 'p-map'
import { CONCURRENT, type Floor } from './floor.ts'
import { hashBlob } from './hash-blob.ts'

/** Reads and hashes all blobs. */
export const getBlobs: Floor = {
  run: async ({ s3, blobBucket, blobKeys }) => {
    await pMap(blobKeys, (key) => hashBlob(s3, blobBucket, key), { concurrency: CONCURRENT.blobs })
  },
}
