import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Item } from '../../../shared/tables/item.ts'

/** The least work that could have the same effect as a part of the product. A floor runs in a process of its own. */
export interface Floor {
  /** Generates what `run` writes. This does not belong to the time of the floor. */
  prepare?(store: FloorStore): void
  run(store: FloorStore): Promise<void>
}

/** What a floor reads or writes. */
export interface FloorStore {
  readonly dynamo: DynamoDBClient
  readonly s3: S3Client
  readonly table: string
  readonly blobBucket: string
  /** A bucket for copies of blobs. */
  readonly workBucket: string
  /** The partitions with items. */
  readonly partitions: readonly string[]
  /** All items of the data set. Only floors that write items call this, so the first call generates them. */
  readonly items: () => readonly Item[]
  readonly blobKeys: readonly string[]
  /** The size of each blob, in bytes. */
  readonly blobBytes: number
  /** True if a restore lets S3 copy blobs of this size. */
  readonly areBlobsLarge: boolean
  /** All blobs with their bytes. The first call generates them. */
  readonly blobs: () => readonly { readonly key: string; readonly bytes: Buffer }[]
}

/** The concurrency of the program: four map items, 8 batches and 8 blobs at the same time. */
export const CONCURRENT = { partitions: 4, batches: 8, blobs: 8 }
