import { type AttributeValue, paginateScan } from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import type { LocalStores } from './local-stores.ts'

/** S3's own bound of a batch delete. */
const BATCH_OBJECTS = 1000
/** Deletions under way at once: enough to fill the writer's batches. */
const AT_ONCE = 500

/** Empties the store: all resources and blobs. Archives, reports and jobs stay. */
export const wipe = async ({
  config,
  dynamo,
  objects,
  resources,
}: Pick<LocalStores, 'config' | 'dynamo' | 'objects' | 'resources'>): Promise<{ items: number; blobs: number }> => {
  // All keys first: a table that shrinks under a scan's cursor would be read in odd ways.
  const items: Record<string, AttributeValue>[] = []
  const query = { TableName: config.tables.resources, ProjectionExpression: 'pk, sk', ConsistentRead: true }
  for await (const { Items = [] } of paginateScan({ client: dynamo }, query)) items.push(...Items)
  const writer = resources.writer()
  await pMap(items, ({ pk, sk }) => writer.remove({ pk: pk?.S ?? '', sk: sk?.S ?? '' }), { concurrency: AT_ONCE })
  const keys: string[] = []
  for await (const { key } of objects.list(config.buckets.blobs)) keys.push(key)
  for (let from = 0; from < keys.length; from += BATCH_OBJECTS)
    await objects.delete(config.buckets.blobs, keys.slice(from, from + BATCH_OBJECTS))
  return { items: items.length, blobs: keys.length }
}
