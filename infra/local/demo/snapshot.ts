import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { type AttributeValue, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3'
import pMap from 'p-map'

/** The whole content of a store: each key with the SHA-256 of its item or blob. */
export interface Snapshot {
  readonly items: ReadonlyMap<string, string>
  readonly blobs: ReadonlyMap<string, string>
  readonly itemBytes: number
  readonly blobBytes: number
}

/** Attributes that every restore computes again. They are not part of the resource. */
const DERIVED_ATTRIBUTES = ['created_at', 'updated_at', 'data_spilled', 'applied_by']
/** Concurrent reads: enough to keep a local S3 service busy. */
const CONCURRENT_READS = 8

/** Reads a whole store with AWS clients only, so that the comparison does not depend on the product's code. */
export const snapshotOf = async (
  dynamo: DynamoDBClient,
  table: string,
  s3: S3Client,
  bucket: string,
): Promise<Snapshot> => {
  const items = new Map<string, string>()
  let itemBytes = 0
  for await (const { Items = [] } of paginateScan({ client: dynamo }, { TableName: table, ConsistentRead: true })) {
    for (const item of Items) {
      const text = canonicalJson(item)
      itemBytes += Buffer.byteLength(text)
      items.set(`${item['pk']?.S} ${item['sk']?.S}`, sha256(text))
    }
  }
  const blobs = new Map<string, string>()
  let blobBytes = 0
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket })) {
    await pMap(
      Contents,
      async ({ Key = '' }) => {
        const { Body, ContentType = '' } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }))
        const bytes = Body instanceof Readable ? await buffer(Body) : Buffer.alloc(0)
        blobBytes += bytes.length
        blobs.set(Key, `${sha256(bytes)} ${ContentType}`)
      },
      { concurrency: CONCURRENT_READS },
    )
  }
  return { items, blobs, itemBytes, blobBytes }
}

/** Returns the keys whose contents differ or that only one side contains. */
export const differences = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] =>
  [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key))

/** Returns one digest over all keys and contents that does not depend on their order. */
export const digestOf = (contents: ReadonlyMap<string, string>): string =>
  sha256(
    [...contents]
      .map(([key, digest]) => `${key}\n${digest}\n`)
      .sort()
      .join(''),
  )

const canonicalJson = (item: Readonly<Record<string, AttributeValue>>): string =>
  JSON.stringify(
    Object.entries(item)
      .filter(([name]) => !DERIVED_ATTRIBUTES.includes(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value),
  )

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex')
