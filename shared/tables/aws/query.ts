import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
  type KeysAndAttributes,
  QueryCommand,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { UnprocessedBackoff } from '../../throttling/unprocessed.ts'
import { type Item, type Key, keyAttributes, type PartitionRange, sortKeyOf } from '../item.ts'

/** DynamoDB's limit on the number of keys in one BatchGetItem request. */
const BATCH_GET = 100

export interface QueryOptions {
  /** The largest number of items in a page. */
  readonly limit?: number
  /** The attributes to return. By default, all attributes are returned. */
  readonly attributes?: readonly string[]
}

/**
 * The largest number of pages that `queryPages` reads at the same time. More pages would save little time and need more
 * memory.
 */
const MAX_PAGES_AHEAD = 4
/**
 * The smallest number of pages that are read at the same time, after the first page. The second one is the first page
 * of the next range. Without it, the caller would wait at the end of each range.
 */
const MIN_PAGES_AHEAD = 2
/** A page with at most this number of items is small. */
const SMALL_PAGE = 100

/**
 * Reads ranges of sort keys with strongly consistent reads. Yields the pages that contain items, range by range, in the
 * order of the sort keys. While the caller processes a page, the next page and the first page of the next range are
 * already being read. If ranges contain few items, up to 4 pages are read at the same time, because most of the time is
 * latency. The caller may therefore stop with up to 4 pages that nobody uses.
 */
export async function* queryPages(
  client: DynamoDBClient,
  table: string,
  ranges: readonly PartitionRange[],
  { limit, attributes }: QueryOptions = {},
): AsyncGenerator<readonly Item[]> {
  const request = (range: PartitionRange, after?: Item): PendingPage => {
    const { pk, fromSk, toSk } = range
    const answer = client.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk', ...projectionNames(attributes) },
        ExpressionAttributeValues: { ':pk': { S: pk }, ':from': { S: fromSk }, ':to': { S: toSk } },
        ...projection(attributes),
        ...(limit === undefined ? {} : { Limit: limit }),
        ...(after === undefined ? {} : { ExclusiveStartKey: after }),
      }),
    )
    // If the caller stops early, nothing awaits the response. This handler prevents an unhandled rejection, which would
    // end the process.
    answer.catch(() => undefined)
    return { range, answer }
  }
  const remaining = [...ranges]
  const pending: PendingPage[] = []
  const readAhead = (pages: number): void => {
    pending.push(...remaining.splice(0, pages - pending.length).map((range) => request(range)))
  }
  let ahead = 1
  readAhead(ahead)
  for (let page = pending.shift(); page !== undefined; page = pending.shift()) {
    const { Items = [], LastEvaluatedKey } = await page.answer
    if (LastEvaluatedKey !== undefined) pending.unshift(request(page.range, LastEvaluatedKey))
    const isSmall = LastEvaluatedKey === undefined && Items.length <= SMALL_PAGE
    ahead = isSmall ? Math.min(MAX_PAGES_AHEAD, ahead * 2) : MIN_PAGES_AHEAD
    readAhead(ahead)
    const inRange = withoutEnd(Items, page.range)
    if (inRange.length > 0) yield inRange
  }
}

/** Removes the item at the end of a range that ends before it. DynamoDB's `BETWEEN` includes both ends. */
const withoutEnd = (page: readonly Item[], { toSk, excludesEnd }: PartitionRange): readonly Item[] => {
  const last = page.at(-1)
  return excludesEnd === true && last !== undefined && sortKeyOf(last) === toSk ? page.slice(0, -1) : page
}

/** A page that is being read. */
interface PendingPage {
  readonly range: PartitionRange
  readonly answer: Promise<QueryCommandOutput>
}

const projectionNames = (attributes: readonly string[] | undefined): Record<string, string> =>
  Object.fromEntries((attributes ?? []).map((name, k) => [`#a${k}`, name]))

const projection = (attributes: readonly string[] | undefined): { ProjectionExpression?: string } =>
  attributes === undefined ? {} : { ProjectionExpression: attributes.map((_, k) => `#a${k}`).join(',') }

/**
 * Returns the items with these keys, in no particular order. Keys without an item are ignored. Reads are strongly
 * consistent. Keys that DynamoDB reports as unprocessed are requested again until all are processed. Throws
 * `ThrottledError` if DynamoDB processes no further keys until the budget of the context is used up.
 */
export const batchGet = async (
  client: DynamoDBClient,
  table: string,
  keys: readonly Key[],
  attributes?: readonly string[],
): Promise<Item[]> => {
  const items: Item[] = []
  for (let from = 0; from < keys.length; from += BATCH_GET) {
    let request: KeysAndAttributes = {
      Keys: keys.slice(from, from + BATCH_GET).map(keyAttributes),
      ConsistentRead: true,
      ...(attributes === undefined
        ? {}
        : { ...projection(attributes), ExpressionAttributeNames: projectionNames(attributes) }),
    }
    const backoff = new UnprocessedBackoff({ service: 'DynamoDB', operation: 'BatchGetItem', target: `table ${table}` })
    for (;;) {
      const { Responses, UnprocessedKeys }: BatchGetItemCommandOutput = await client.send(
        new BatchGetItemCommand({ RequestItems: { [table]: request } }),
      )
      items.push(...(Responses?.[table] ?? []))
      const unprocessed: KeysAndAttributes | undefined = UnprocessedKeys?.[table]
      if (unprocessed === undefined) break
      await backoff.next(unprocessed.Keys?.length !== request.Keys?.length)
      request = unprocessed
    }
  }
  return items
}
