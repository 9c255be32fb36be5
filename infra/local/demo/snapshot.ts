import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { type AttributeValue, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3'
import pMap from 'p-map'

/** The content of the whole store: the SHA-256 of each item and blob by its key, and the total sizes in bytes. */
export interface Snapshot {
  readonly items: ReadonlyMap<string, string>
  readonly blobs: ReadonlyMap<string, string>
  readonly itemBytes: number
  readonly blobBytes: number
}

/** Attributes that a restore computes itself. They are not part of the archived resource. */
const DERIVED_ATTRIBUTES = ['created_at', 'updated_at', 'data_spilled', 'applied_by']
/** The number of blobs that are read at the same time. More would not be faster with the local S3 service. */
const CONCURRENT_READS = 8

/** Reads the whole store. Uses only AWS clients, so that the comparison does not depend on the code of the product. */
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

/** Returns the keys that only one of the snapshots contains, or whose contents differ. */
export const differences = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] =>
  [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key))

/** Returns a SHA-256 digest of all keys and contents. The digest does not depend on the order of the keys. */
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
