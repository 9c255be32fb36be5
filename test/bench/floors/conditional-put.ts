import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import { MAX_IN_FLIGHT } from '../../../shared/throttling/attempt-limit.ts'
import type { Floor } from './floor.ts'

/** Writes each item with a request of its own, unless the item exists. */
export const conditionalPut: Floor = {
  prepare: ({ items }) => void items(),
  run: async ({ dynamo, table, items }) => {
    await pMap(
      items(),
      (Item) =>
        dynamo.send(new PutItemCommand({ TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' })),
      { concurrency: MAX_IN_FLIGHT },
    )
  },
}
