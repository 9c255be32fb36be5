import { createHash } from 'node:crypto'
import pMap from 'p-map'
import { CONCURRENT, type Floor } from './floor.ts'
import { hashBlob } from './hash-blob.ts'
import { pagesOf } from './pages.ts'

/** Reads all items and blobs and hashes them: the least that a verification must do. */
export const readAndHash: Floor = {
  run: async ({ dynamo, s3, table, partitions, blobBucket, blobKeys }) => {
    await pMap(
      partitions,
      async (partition) => {
        for await (const items of pagesOf(dynamo, table, partition))
          for (const item of items) createHash('sha256').update(JSON.stringify(item)).digest()
      },
      { concurrency: CONCURRENT.partitions },
    )
    await pMap(blobKeys, (key) => hashBlob(s3, blobBucket, key), { concurrency: CONCURRENT.blobs })
  },
}
