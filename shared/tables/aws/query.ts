import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
  type KeysAndAttributes,
  QueryCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Item, type Key, keyAttributes, type SortKeyRange } from '../item.ts'

/** DynamoDB's limit on one BatchGetItem. */
const BATCH_GET = 100
const MIN_BACKOFF_MS = 25
const MAX_BACKOFF_MS = 3000

export interface QueryOptions {
  /** At most this many items in a page. */
  readonly limit?: number
  /** Return these attributes only. */
  readonly attributes?: readonly string[]
}

/**
 * Reads a range of sort keys in several partitions, one partition after the other. Returns pages that are not empty, in
 * the order of the partitions and the sort keys. Reads are strongly consistent. The next page, also that of the next
 * partition, is requested before the caller asks for it.
 */
export async function* queryPages(
  client: DynamoDBClient,
  table: string,
  partitions: readonly string[],
  { fromSk, toSk }: SortKeyRange,
  { limit, attributes }: QueryOptions = {},
): AsyncGenerator<readonly Item[]> {
  const request = (index: number, after?: Item): { index: number; answer: Promise<QueryCommandOutput> } | undefined => {
    const partition = partitions[index]
    if (partition === undefined) return undefined
    const answer = client.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk', ...projectionNames(attributes) },
        ExpressionAttributeValues: { ':pk': { S: partition }, ':from': { S: fromSk }, ':to': { S: toSk } },
        ...projection(attributes),
        ...(limit === undefined ? {} : { Limit: limit }),
        ...(after === undefined ? {} : { ExclusiveStartKey: after }),
      }),
    )
    // If the caller stops early, nobody awaits the answer: its rejection must not end the process.
    answer.catch(() => undefined)
    return { index, answer }
  }
  let pending = request(0)
  while (pending !== undefined) {
    const { Items = [], LastEvaluatedKey } = await pending.answer
    pending = LastEvaluatedKey === undefined ? request(pending.index + 1) : request(pending.index, LastEvaluatedKey)
    if (Items.length > 0) yield Items
  }
}

const projectionNames = (attributes: readonly string[] | undefined): Record<string, string> =>
  Object.fromEntries((attributes ?? []).map((name, k) => [`#a${k}`, name]))

const projection = (attributes: readonly string[] | undefined): { ProjectionExpression?: string } =>
  attributes === undefined ? {} : { ProjectionExpression: attributes.map((_, k) => `#a${k}`).join(',') }

/**
 * The items that exist under these keys, in no particular order. Reads are strongly consistent. Keys that DynamoDB does
 * not process are requested again until it does.
 */
export const batchGet = async (
  client: DynamoDBClient,
  table: string,
  keys: readonly Key[],
  attributes?: readonly string[],
): Promise<Item[]> => {
  const items: Item[] = []
  for (let from = 0; from < keys.length; from += BATCH_GET) {
    let request: KeysAndAttributes | undefined = {
      Keys: keys.slice(from, from + BATCH_GET).map(keyAttributes),
      ConsistentRead: true,
      ...(attributes === undefined
        ? {}
        : { ...projection(attributes), ExpressionAttributeNames: projectionNames(attributes) }),
    }
    for (let attempt = 0; request !== undefined; attempt++) {
      if (attempt > 0) await sleep(backoffMs(attempt))
      const { Responses, UnprocessedKeys }: BatchGetItemCommandOutput = await client.send(
        new BatchGetItemCommand({ RequestItems: { [table]: request } }),
      )
      items.push(...(Responses?.[table] ?? []))
      request = UnprocessedKeys?.[table]
    }
  }
  return items
}

/** How long to wait before attempt `attempt + 1`: random, at most 25 ms × 2^attempt and 3 s. */
export const backoffMs = (attempt: number): number =>
  Math.random() * Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** Math.min(attempt, 10))
