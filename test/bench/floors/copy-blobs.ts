import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import pMap from 'p-map'
import { CONCURRENT, type Floor, type FloorStore } from './floor.ts'

/**
 * Lets S3 copy all blobs to another bucket. A job copies a large blob from or to a range of an archive, so S3 must copy
 * its bytes. Copies of large blobs are therefore copies of ranges, too: the local S3 service would only link to the
 * bytes of a whole object.
 */
export const copyBlobs: Floor = {
  run: async (store) => {
    const copy = store.areBlobsLarge ? copyRange : copyObject
    await pMap(store.blobKeys, (key) => copy(store, key), { concurrency: CONCURRENT.blobs })
  },
}

const copyObject = async ({ s3, blobBucket, workBucket }: FloorStore, key: string): Promise<void> => {
  await s3.send(new CopyObjectCommand({ Bucket: workBucket, Key: `bench/${key}`, CopySource: `${blobBucket}/${key}` }))
}

const copyRange = async ({ s3, blobBucket, workBucket, blobBytes }: FloorStore, key: string): Promise<void> => {
  const target = { Bucket: workBucket, Key: `bench/${key}` }
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target))
  const part = { ...target, UploadId, PartNumber: 1 }
  const source = { CopySource: `${blobBucket}/${key}`, CopySourceRange: `bytes=0-${blobBytes - 1}` }
  const { CopyPartResult } = await s3.send(new UploadPartCopyCommand({ ...part, ...source }))
  const Parts = [{ PartNumber: 1, ETag: CopyPartResult?.ETag }]
  await s3.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }))
}
