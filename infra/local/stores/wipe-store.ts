import { type AttributeValue, paginateScan } from '@aws-sdk/client-dynamodb'
import {
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectIdentifier,
  type S3Client,
} from '@aws-sdk/client-s3'
import pMap from 'p-map'
import type { LocalStores } from './local-stores.ts'

/** The largest number of keys that S3 accepts in one `DeleteObjects` request. */
const BATCH_OBJECTS = 1000
/** The number of concurrent deletions. The writer combines them into batches of 25, and needs many to fill batches. */
const CONCURRENCY = 500

/** Deletes all resources, and all versions of all blobs. Does not delete archives, reports and jobs. */
export const wipe = async ({
  config,
  dynamo,
  s3,
  resources,
}: Pick<LocalStores, 'config' | 'dynamo' | 's3' | 'resources'>): Promise<{ items: number; blobs: number }> => {
  // All keys are read before the first deletion, because a scan could skip items while others are deleted.
  const items: Record<string, AttributeValue>[] = []
  const query = { TableName: config.tables.resources, ProjectionExpression: 'pk, sk', ConsistentRead: true }
  for await (const { Items = [] } of paginateScan({ client: dynamo }, query)) items.push(...Items)
  const writer = resources.writer()
  await pMap(items, ({ pk, sk }) => writer.remove({ pk: pk?.S ?? '', sk: sk?.S ?? '' }), { concurrency: CONCURRENCY })
  return { items: items.length, blobs: await emptyBucket(s3, config.buckets.blobs) }
}

/**
 * Deletes all versions and delete markers of a bucket, because deleting only a key would keep its old versions. Returns
 * the number of objects, without old versions.
 */
export const emptyBucket = async (s3: S3Client, bucket: string): Promise<number> => {
  const versions: ObjectIdentifier[] = []
  let objects = 0
  for await (const { Versions = [], DeleteMarkers = [] } of versionPages(s3, bucket)) {
    for (const { Key, VersionId } of [...Versions, ...DeleteMarkers]) versions.push({ Key, VersionId })
    objects += Versions.filter(({ IsLatest }) => IsLatest === true).length
  }
  for (let from = 0; from < versions.length; from += BATCH_OBJECTS) {
    const Objects = versions.slice(from, from + BATCH_OBJECTS)
    const { Errors = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    )
    const [first] = Errors
    if (first !== undefined)
      throw new Error(`s3://${bucket}/${first.Key ?? ''} was not deleted: ${first.Code ?? ''} ${first.Message ?? ''}`)
  }
  return objects
}

const versionPages = async function* (s3: S3Client, bucket: string): AsyncGenerator<ListObjectVersionsCommandOutput> {
  let markers: { readonly KeyMarker?: string | undefined; readonly VersionIdMarker?: string | undefined } | undefined =
    {}
  while (markers !== undefined) {
    const page: ListObjectVersionsCommandOutput = await s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket, ...markers }),
    )
    yield page
    markers =
      page.IsTruncated === true
        ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
        : undefined
  }
}
