import { BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import { CONCURRENT, type Floor } from './floor.ts'

/** The largest number of items in a batch. Batches are smaller if their items would have more than 16 MB. */
const BATCH_ITEMS = 25
const BATCH_BYTES = 15_000_000

/** Writes all items in full batches. Existing items are overwritten. */
export const batchWrite: Floor = {
  prepare: ({ items }) => void items(),
  run: async ({ dynamo, table, items }) => {
    await pMap(
      batchesOf(items()),
      async (batch) => {
        let unwritten: WriteRequest[] = batch
        while (unwritten.length > 0) {
          const { UnprocessedItems } = await dynamo.send(
            new BatchWriteItemCommand({ RequestItems: { [table]: unwritten } }),
          )
          unwritten = UnprocessedItems?.[table] ?? []
        }
      },
      { concurrency: CONCURRENT.batches },
    )
  },
}

function* batchesOf(items: ReturnType<Parameters<Floor['run']>[0]['items']>): Generator<WriteRequest[]> {
  let batch: WriteRequest[] = []
  let bytes = 0
  for (const Item of items) {
    // The payload is by far the largest attribute.
    const size = 2_000 + (Item['data']?.S?.length ?? 0)
    if (batch.length === BATCH_ITEMS || bytes + size > BATCH_BYTES) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push({ PutRequest: { Item } })
    bytes += size
  }
  if (batch.length > 0) yield batch
}
