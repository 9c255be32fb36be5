import { BatchWriteItemCommand, type DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { Item } from '../shared/tables/item.ts'
import type { Config } from '../shared/runtime/config.ts'

/** The content of the store: items and S3 objects by their keys, read with plain clients. */
export interface StoreContents {
  readonly items: ReadonlyMap<string, Item>
  readonly objects: ReadonlyMap<string, string>
}

/** Access to the store with plain clients, without the code under test. */
export interface StoreClients {
  readonly dynamo: DynamoDBClient
  readonly s3: S3Client
  readonly config: Config
}

/** Reads everything in the resource table and the blob bucket. */
export const readContents = async (clients: StoreClients): Promise<StoreContents> => {
  const { s3, config } = clients
  const objects = new Map<string, string>()
  for (const Key of await blobKeys(clients)) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: config.buckets.blobs, Key }))
    objects.set(Key, (await Body?.transformToString('base64')) ?? '')
  }
  return { items: await readItems(clients), objects }
}

/** Reads all items of the resource table. */
const readItems = async ({ dynamo, config }: StoreClients): Promise<Map<string, Item>> => {
  const items = new Map<string, Item>()
  for await (const { Items = [] } of paginateScan({ client: dynamo }, { TableName: config.tables.resources }))
    for (const item of Items) items.set(`${item['pk']?.S ?? ''} ${item['sk']?.S ?? ''}`, item)
  return items
}

/** Returns the keys of all objects in the blob bucket. */
const blobKeys = async ({ s3, config }: StoreClients): Promise<string[]> => {
  const keys: string[] = []
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: config.buckets.blobs }))
    for (const { Key = '' } of Contents) keys.push(Key)
  return keys
}

/** Writes items unchanged. */
export const putItems = async ({ dynamo, config }: StoreClients, items: Iterable<Item>): Promise<void> => {
  const all = [...items]
  for (let from = 0; from < all.length; from += 25) {
    const requests = all.slice(from, from + 25).map((Item) => ({ PutRequest: { Item } }))
    const { UnprocessedItems = {} } = await dynamo.send(
      new BatchWriteItemCommand({ RequestItems: { [config.tables.resources]: requests } }),
    )
    if (Object.keys(UnprocessedItems).length > 0)
      throw new Error('the table left items unprocessed, which the local table never does')
  }
}

export const removeItems = async ({ dynamo, config }: StoreClients, items: Iterable<Item>): Promise<void> => {
  const keys = [...items].map(({ pk = { S: '' }, sk = { S: '' } }) => ({ pk, sk }))
  for (let from = 0; from < keys.length; from += 25) {
    const requests = keys.slice(from, from + 25).map((Key) => ({ DeleteRequest: { Key } }))
    await dynamo.send(new BatchWriteItemCommand({ RequestItems: { [config.tables.resources]: requests } }))
  }
}

/** Deletes everything in the store. */
export const wipe = async (clients: StoreClients): Promise<void> => {
  await removeItems(clients, (await readItems(clients)).values())
  for (const Key of await blobKeys(clients))
    await clients.s3.send(new DeleteObjectCommand({ Bucket: clients.config.buckets.blobs, Key }))
}

/**
 * Multipart uploads that were neither completed nor aborted: they cost storage. `withParts` ignores uploads without
 * parts, because a fault may lose the response to the request that begins an upload. A lifecycle rule of the bucket
 * removes such uploads on AWS.
 */
export const unfinishedUploads = async (
  { s3, config }: StoreClients,
  { withParts = false }: { readonly withParts?: boolean } = {},
): Promise<string[]> => {
  const found: string[] = []
  for (const Bucket of Object.values(config.buckets)) {
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }))
    for (const { Key, UploadId } of Uploads) {
      const { Parts = [] } = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }))
      if (!withParts || Parts.length > 0) found.push(`${Bucket}/${Key ?? ''}: ${Parts.length} parts`)
    }
  }
  return found
}

const DERIVED = ['applied_by', 'created_at', 'updated_at']

/** The content without the attributes that every restore derives again. */
export const stableContents = ({
  items,
  objects,
}: StoreContents): { items: [string, Item][]; objects: [string, string][] } => ({
  items: [...items]
    .map(([key, item]): [string, Item] => [
      key,
      Object.fromEntries(Object.entries(item).filter(([name]) => !DERIVED.includes(name))),
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1)),
  objects: [...objects].sort(([a], [b]) => (a < b ? -1 : 1)),
})
