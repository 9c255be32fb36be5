import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../../shared/tables/item.ts'

/** Reads a partition, page by page. */
export async function* pagesOf(client: DynamoDBClient, table: string, partition: string): AsyncGenerator<Item[]> {
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
    yield Items
    after = LastEvaluatedKey
  } while (after !== undefined)
}
