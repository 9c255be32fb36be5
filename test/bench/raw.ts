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

/** A store's items and blobs, held in memory: what the raw side writes. */
export interface Content {
  readonly items: readonly Item[]
  readonly blobs: readonly Blob[]
}

export interface Blob {
  readonly key: string
  readonly bytes: Buffer
}

/** The program's own numbers (see the limits beside the stages), so that both sides ask for as much at once. */
const BATCH = 25
const PARALLEL_BATCHES = 8
const PARALLEL_BLOBS = 8
/** From this size on the program leaves the copying to S3. */
const COPIED_FROM = 16 * 1024 * 1024

/** Reads all items of these partitions, page by page and thrown away, two partitions at once: metadata beside revisions. */
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

/** Scans a table in segments beside each other, thrown away: the most that its server gives. */
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

/** Writes all items over whatever stands there, in full batches. */
export const writeItems = async (client: DynamoDBClient, table: string, items: readonly Item[]): Promise<void> => {
  const batches = Array.from({ length: Math.ceil(items.length / BATCH) }, (_, k) =>
    items.slice(k * BATCH, (k + 1) * BATCH),
  )
  await pMap(
    batches,
    async (batch) => {
      let open: { PutRequest?: { Item: Item | undefined } }[] = batch.map((Item) => ({ PutRequest: { Item } }))
      while (open.length > 0) {
        const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: open } }))
        open = (UnprocessedItems?.[table] ?? []).map(({ PutRequest }) => ({ PutRequest: { Item: PutRequest?.Item } }))
      }
    },
    { concurrency: PARALLEL_BATCHES },
  )
}

/** Copies all blobs into another bucket: small ones by reading and writing them, large ones by S3 itself. */
export const copyBlobs = async (s3: S3Client, from: string, to: string, blobs: readonly Blob[]): Promise<void> => {
  await pMap(
    blobs,
    async ({ key, bytes: { length } }) => {
      if (length >= COPIED_FROM)
        await s3.send(new CopyObjectCommand({ Bucket: to, Key: `raw/${key}`, CopySource: `${from}/${key}` }))
      else await s3.send(new PutObjectCommand({ Bucket: to, Key: `raw/${key}`, Body: await readBlob(s3, from, key) }))
    },
    { concurrency: PARALLEL_BLOBS },
  )
}

/** Puts all blobs: small ones from memory, large ones as S3's own copies of those under `raw/` in the other bucket. */
export const writeBlobs = async (s3: S3Client, from: string, to: string, blobs: readonly Blob[]): Promise<void> => {
  await pMap(
    blobs,
    async ({ key, bytes }) => {
      if (bytes.length >= COPIED_FROM)
        await s3.send(new CopyObjectCommand({ Bucket: to, Key: key, CopySource: `${from}/raw/${key}` }))
      else await s3.send(new PutObjectCommand({ Bucket: to, Key: key, Body: bytes }))
    },
    { concurrency: PARALLEL_BLOBS },
  )
}

/** Reads all blobs, thrown away. */
export const readBlobs = async (s3: S3Client, bucket: string, blobs: readonly Blob[]): Promise<void> => {
  await pMap(blobs, ({ key }) => readBlob(s3, bucket, key), { concurrency: PARALLEL_BLOBS })
}

const readBlob = async (s3: S3Client, bucket: string, key: string): Promise<Buffer> => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  return Body instanceof Readable ? buffer(Body) : Buffer.alloc(0)
}
