import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
  type KeysAndAttributes,
  QueryCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Item, Key, SortKeyRange } from '../item.ts'

/** DynamoDB's limit on one BatchGetItem. */
const BATCH_GET = 100
const MAX_BACKOFF_MS = 3000

export interface QueryOptions {
  readonly limit?: number
  /** Only these attributes. */
  readonly attributes?: readonly string[]
}

/**
 * Pages of a run of sort keys over partitions, in order, strongly consistent. The page after the one that is used is
 * already on its way, also across partitions.
 */
export async function* queryPages(
  client: DynamoDBClient,
  table: string,
  partitions: readonly string[],
  { fromSk, toSk }: SortKeyRange,
  { limit, attributes }: QueryOptions = {},
): AsyncGenerator<readonly Item[]> {
  const ask = (at: number, after?: Item): { at: number; answer: Promise<QueryCommandOutput> } | undefined => {
    const partition = partitions[at]
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
    // It is awaited later, or, when the reader stops early, never.
    answer.catch(() => undefined)
    return { at, answer }
  }
  let coming = ask(0)
  while (coming !== undefined) {
    const { Items = [], LastEvaluatedKey } = await coming.answer
    coming = LastEvaluatedKey === undefined ? ask(coming.at + 1) : ask(coming.at, LastEvaluatedKey)
    if (Items.length > 0) yield Items
  }
}

const projectionNames = (attributes: readonly string[] | undefined): Record<string, string> =>
  Object.fromEntries((attributes ?? []).map((name, k) => [`#a${k}`, name]))

const projection = (attributes: readonly string[] | undefined): { ProjectionExpression?: string } =>
  attributes === undefined ? {} : { ProjectionExpression: attributes.map((_, k) => `#a${k}`).join(',') }

/** The items under these keys, in no order, strongly consistent; asked for again until DynamoDB has answered for each. */
export const batchGet = async (
  client: DynamoDBClient,
  table: string,
  keys: readonly Key[],
  attributes?: readonly string[],
): Promise<Item[]> => {
  const items: Item[] = []
  for (let from = 0; from < keys.length; from += BATCH_GET) {
    let request: KeysAndAttributes | undefined = {
      Keys: keys.slice(from, from + BATCH_GET).map(({ pk, sk }) => ({ pk: { S: pk }, sk: { S: sk } })),
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

/** Jittered, doubled from 25 ms up to 3 s. */
export const backoffMs = (attempt: number): number =>
  Math.random() * Math.min(MAX_BACKOFF_MS, 25 * 2 ** Math.min(attempt, 10))
