import {
  type AttributeValue,
  BatchWriteItemCommand,
  type DynamoDBClient,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import { CopyObjectCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import pMap from 'p-map'

export type Item = Record<string, AttributeValue>

/** The items and blobs of a store, kept in memory for raw writes. */
export interface Content {
  readonly items: readonly Item[]
  readonly blobs: readonly Blob[]
}

export interface Blob {
  readonly key: string
  readonly bytes: Buffer
}

/** The same batch size and concurrency as in the program, so that both sides load the services equally. */
const BATCH = 25
const PARALLEL_BATCHES = 8
const PARALLEL_BLOBS = 8
/** The smallest size, in bytes, of a blob that the program lets S3 copy. */
const MIN_COPIED_BYTES = 16 * 1024 * 1024

/** Reads and discards all items of these partitions, two partitions at a time: one of metadata and one of revisions. */
export const readPartitions = async (
  client: DynamoDBClient,
  table: string,
  partitions: readonly string[],
): Promise<number> => {
  const counts = await pMap(partitions, (partition) => readPartition(client, table, partition), { concurrency: 2 })
  return counts.reduce((sum, count) => sum + count, 0)
}

const readPartition = async (client: DynamoDBClient, table: string, partition: string): Promise<number> => {
  let read = 0
  let after: Item | undefined
  do {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: partition } },
        ...(after === undefined ? {} : { ExclusiveStartKey: after }),
      }),
    )
    read += Items.length
    after = LastEvaluatedKey
  } while (after !== undefined)
  return read
}

/** Reads and discards a table in parallel scan segments, which is the fastest way to read it. */
export const scanSegments = async (client: DynamoDBClient, table: string, segments: number): Promise<number> => {
  const counts = await Promise.all(
    Array.from({ length: segments }, async (_, segment) => {
      let read = 0
      let after: Item | undefined
      do {
        const { Items = [], LastEvaluatedKey } = await client.send(
          new ScanCommand({
            TableName: table,
            ConsistentRead: true,
            Segment: segment,
            TotalSegments: segments,
            ...(after === undefined ? {} : { ExclusiveStartKey: after }),
          }),
        )
        read += Items.length
        after = LastEvaluatedKey
      } while (after !== undefined)
      return read
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Writes all items in full batches and overwrites existing items. */
export const writeItems = async (client: DynamoDBClient, table: string, items: readonly Item[]): Promise<void> => {
  const batches = Array.from({ length: Math.ceil(items.length / BATCH) }, (_, k) =>
    items.slice(k * BATCH, (k + 1) * BATCH),
  )
  await pMap(
    batches,
    async (batch) => {
      let unwritten: { PutRequest?: { Item: Item | undefined } }[] = batch.map((Item) => ({ PutRequest: { Item } }))
      while (unwritten.length > 0) {
        const { UnprocessedItems } = await client.send(
          new BatchWriteItemCommand({ RequestItems: { [table]: unwritten } }),
        )
        unwritten = (UnprocessedItems?.[table] ?? []).map(({ PutRequest }) => ({
          PutRequest: { Item: PutRequest?.Item },
        }))
      }
    },
    { concurrency: PARALLEL_BATCHES },
  )
}

/** Copies all blobs to another bucket: reads and writes small blobs, and lets S3 copy large ones. */
export const copyBlobs = async (s3: S3Client, from: string, to: string, blobs: readonly Blob[]): Promise<void> => {
  await pMap(
    blobs,
    async ({ key, bytes: { length } }) => {
      if (length >= MIN_COPIED_BYTES)
        await s3.send(new CopyObjectCommand({ Bucket: to, Key: `raw/${key}`, CopySource: `${from}/${key}` }))
      else await s3.send(new PutObjectCommand({ Bucket: to, Key: `raw/${key}`, Body: await readBlob(s3, from, key) }))
    },
    { concurrency: PARALLEL_BLOBS },
  )
}

/** Writes all blobs: small ones from memory; large ones are copied by S3 from `raw/` in the other bucket. */
export const writeBlobs = async (s3: S3Client, from: string, to: string, blobs: readonly Blob[]): Promise<void> => {
  await pMap(
    blobs,
    async ({ key, bytes }) => {
      if (bytes.length >= MIN_COPIED_BYTES)
        await s3.send(new CopyObjectCommand({ Bucket: to, Key: key, CopySource: `${from}/raw/${key}` }))
      else await s3.send(new PutObjectCommand({ Bucket: to, Key: key, Body: bytes }))
    },
    { concurrency: PARALLEL_BLOBS },
  )
}

/** Reads and discards all blobs. */
export const readBlobs = async (s3: S3Client, bucket: string, blobs: readonly Blob[]): Promise<void> => {
  await pMap(blobs, ({ key }) => readBlob(s3, bucket, key), { concurrency: PARALLEL_BLOBS })
}

const readBlob = async (s3: S3Client, bucket: string, key: string): Promise<Buffer> => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return Body instanceof Readable ? buffer(Body) : Buffer.alloc(0)
}
