import { type AttributeValue, paginateScan } from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import type { LocalStores } from './local-stores.ts'

/** S3's limit of a batch delete. */
const BATCH_OBJECTS = 1000
/** Enough concurrent deletions to fill the writer's batches. */
const CONCURRENCY = 500

/** Deletes all resources and blobs. Archives, reports and jobs are kept. */
export const wipe = async ({
  config,
  dynamo,
  objects,
  resources,
}: Pick<LocalStores, 'config' | 'dynamo' | 'objects' | 'resources'>): Promise<{ items: number; blobs: number }> => {
  // Deleting items during a scan could make the scan skip others, so all keys are read first.
  const items: Record<string, AttributeValue>[] = []
  const query = { TableName: config.tables.resources, ProjectionExpression: 'pk, sk', ConsistentRead: true }
  for await (const { Items = [] } of paginateScan({ client: dynamo }, query)) items.push(...Items)
  const writer = resources.writer()
  await pMap(items, ({ pk, sk }) => writer.remove({ pk: pk?.S ?? '', sk: sk?.S ?? '' }), { concurrency: CONCURRENCY })
  const keys: string[] = []
  for await (const { key } of objects.list(config.buckets.blobs)) keys.push(key)
  for (let from = 0; from < keys.length; from += BATCH_OBJECTS)
    await objects.delete(config.buckets.blobs, keys.slice(from, from + BATCH_OBJECTS))
  return { items: items.length, blobs: keys.length }
}
