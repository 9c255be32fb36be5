import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDynamoDb } from '../../../../infra/local/dynamodb/start-dynamodb.ts'
import type { LocalServer } from '../../../../infra/local/processes/start-child.ts'
import { type LimitsClient, limitsClient } from '../limits/limits-client.ts'
import { credentials } from '../s3/running-s3.ts'

/** So many units that no request is refused while the test measures what requests cost. */
const PLENTY = { partitionUnits: 1e6, tableUnits: 1e6, writeCost: 3, creditSeconds: 1, latencyMs: 0 }
/** No units are added during a test. A table begins with 40 units, and a partition with 10. */
const FEW = { partitionUnits: 10, tableUnits: 40, writeCost: 3, creditSeconds: 1, latencyMs: 0 }

const TableName = 'things'

let server: LocalServer
let client: DynamoDBClient
let limits: LimitsClient
beforeAll(async () => {
  server = await startDynamoDb({ port: 0, limits: PLENTY })
  limits = limitsClient(server.endpoint)
  client = new DynamoDBClient({ endpoint: server.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    }),
  )
})
afterAll(async () => {
  client.destroy()
  await server.stop()
})

const key = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } })
/** An item of a little less than so many KB. */
const item = (pk: string, sk: string, kb: number) => ({ ...key(pk, sk), data: { S: 'x'.repeat(kb * 1024 - 100) } })
const put = (pk: string, sk: string, kb: number) =>
  client.send(new PutItemCommand({ TableName, Item: item(pk, sk, kb) }))
const query = (pk: string) =>
  client.send(
    new QueryCommand({
      TableName,
      ConsistentRead: true,
      KeyConditionExpression: '#pk = :pk',
      ExpressionAttributeNames: { '#pk': 'pk' },
      ExpressionAttributeValues: { ':pk': { S: pk } },
    }),
  )

/** Returns the read units that a request took from the table. */
const costOf = async (request: () => Promise<unknown>): Promise<number | undefined> => {
  await limits.restart()
  await request().catch(() => undefined)
  return (await limits.usage()).find(({ name }) => name === `table ${TableName}`)?.used
}

describe('the units of the local DynamoDB service', () => {
  beforeAll(async () => {
    await limits.set(PLENTY)
    await Promise.all([put('units', 'a', 9), put('units', 'b', 3), put('units', 'c', 1)])
  })

  it('are 1 for each started 4 KB of a consistent read, and half of this for other reads', async () => {
    const get = { TableName, Key: key('units', 'a') }
    expect(await costOf(() => client.send(new GetItemCommand({ ...get, ConsistentRead: true })))).toBe(3)
    expect(await costOf(() => client.send(new GetItemCommand(get)))).toBe(1.5)
    const absent = { TableName, Key: key('units', 'z'), ConsistentRead: true }
    expect(await costOf(() => client.send(new GetItemCommand(absent)))).toBe(1)
  })

  it('are rounded up for the page of a query or scan, and for each item of a batch', async () => {
    expect(await costOf(() => query('units'))).toBe(4)
    expect(await costOf(() => query('empty'))).toBe(0.5)
    expect(await costOf(() => client.send(new ScanCommand({ TableName, ConsistentRead: true })))).toBe(4)
    const Keys = ['a', 'b', 'c'].map((sk) => key('units', sk))
    const batch = { RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }
    expect(await costOf(() => client.send(new BatchGetItemCommand(batch)))).toBeCloseTo(5)
  })

  it('are 3 for each started KB of a write', async () => {
    expect(await costOf(() => put('units-written', 'a', 2))).toBe(6)
    const requests = [item('units-written', 'b', 5), item('units-written', 'c', 1)]
    const batch = { RequestItems: { [TableName]: requests.map((Item) => ({ PutRequest: { Item } })) } }
    expect(await costOf(() => client.send(new BatchWriteItemCommand(batch)))).toBe(18)
    const Key = key('units-written', 'c')
    expect(await costOf(() => client.send(new DeleteItemCommand({ TableName, Key })))).toBe(3)
    const update = { TableName, Key, UpdateExpression: 'SET v = :v', ExpressionAttributeValues: { ':v': { S: 'v' } } }
    expect(await costOf(() => client.send(new UpdateItemCommand(update)))).toBe(3)
    const conditional = { ...update, ConditionExpression: 'attribute_not_exists(pk)' }
    expect(await costOf(() => client.send(new UpdateItemCommand(conditional)))).toBe(3)
  })

  it('are not taken by an invalid request', async () => {
    expect(await costOf(() => client.send(new GetItemCommand({ TableName, Key: { pk: { S: 'units' } } })))).toBe(0)
  })
})

describe('the limits of the local DynamoDB service', () => {
  it('refuse a request to a partition without units', async () => {
    await limits.set({ ...FEW, partitionUnits: 0.01 })
    await put('partition', 'a', 1)
    await expect(put('partition', 'b', 1)).rejects.toMatchObject({
      name: 'ProvisionedThroughputExceededException',
      $metadata: { httpStatusCode: 400 },
      ThrottlingReasons: [{ reason: 'TableWriteKeyRangeThroughputExceeded' }],
    })
    await put('another partition', 'a', 1)
  })

  it('refuse a request to a table without units', async () => {
    await limits.set({ ...FEW, tableUnits: 0.01 })
    await query('one')
    await expect(query('two')).rejects.toMatchObject({
      name: 'ThrottlingException',
      $metadata: { httpStatusCode: 400 },
      throttlingReasons: undefined,
    })
  })

  it('return the items of a batch for which no units are left as unprocessed', async () => {
    await limits.set({ ...FEW, partitionUnits: 0.01 })
    const of = (pk: string) => ['a', 'b'].map((sk) => ({ PutRequest: { Item: item(pk, sk, 1) } }))
    const written = await client.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: [...of('p'), ...of('q')] } }),
    )
    expect(written.UnprocessedItems?.[TableName]?.map((request) => request.PutRequest?.Item?.['sk']?.S)).toEqual([
      'b',
      'b',
    ])
    await limits.set({ ...FEW, partitionUnits: 0.01 })
    const Keys = ['p', 'q'].flatMap((pk) => ['a', 'b'].map((sk) => key(pk, sk)))
    const options = { ConsistentRead: true, ProjectionExpression: 'pk, sk' }
    const read = await client.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys, ...options } } }))
    expect(read.Responses?.[TableName]).toHaveLength(2)
    expect(read.UnprocessedKeys?.[TableName]).toEqual({ Keys: [key('p', 'b'), key('q', 'b')], ...options })
  })

  it('refuse a batch if no units are left for any item', async () => {
    await limits.set({ ...FEW, partitionUnits: 0.01 })
    const Keys = [key('p', 'a')]
    const batch = () => client.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys } } }))
    await batch()
    await expect(batch()).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' })
  })

  it('apply only to the given tables', async () => {
    await limits.set({ ...FEW, partitionUnits: 0.01, tables: ['others'] })
    await put('p', 'a', 1)
    await put('p', 'a', 1)
    await limits.set({ ...FEW, partitionUnits: 0.01, tables: ['others', TableName] })
    await put('p', 'a', 1)
    await expect(put('p', 'a', 1)).rejects.toThrow()
  })

  it('can be removed', async () => {
    await limits.set({ ...FEW, partitionUnits: 0.01 })
    await put('p', 'a', 1)
    await expect(put('p', 'a', 1)).rejects.toThrow()
    await limits.set(null)
    await put('p', 'a', 1)
    expect(await limits.usage()).toEqual([])
  })

  it('reject invalid limits', async () => {
    await expect(limits.set({ ...FEW, tableUnits: 0 })).rejects.toThrow('400')
  })
})
