import { once } from 'node:events'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startDynamoDb } from '../../../../infra/local/dynamodb/start-dynamodb.ts'
import type { LocalServer } from '../../../../infra/local/processes/start-child.ts'
import { credentials } from '../s3/running-s3.ts'

const TableName = 'things'

let server: LocalServer
let client: DynamoDBClient
beforeAll(async () => {
  server = await startDynamoDb({ port: 0 })
  client = new DynamoDBClient({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
  })
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    }),
  )
})
afterAll(async () => {
  client.destroy()
  await server.stop()
})

describe('the local DynamoDB service', () => {
  it.each([
    ['a page of another site', { origin: 'https://example.com' }],
    ['a page of this computer', { origin: 'http://127.0.0.1:3000' }],
    ['a domain that resolves to 127.0.0.1', { host: 'rebound.example.com' }],
    ['an image of another site', { 'sec-fetch-site': 'cross-site' }],
  ])('rejects requests of %s', async (_, headers) => {
    const { hostname, port } = new URL(server.endpoint)
    const target = { 'x-amz-target': 'DynamoDB_20120810.ListTables', 'content-type': 'application/x-amz-json-1.0' }
    for (const method of ['OPTIONS', 'POST']) {
      const sent = httpRequest({ hostname, port, method, headers: { ...target, ...headers } })
      sent.end(method === 'POST' ? '{}' : undefined)
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      expect(response.statusCode).toBe(403)
      expect(response.headers['access-control-allow-origin']).toBeUndefined()
      response.resume()
    }
  })

  it('creates and deletes a table within milliseconds', async () => {
    const short = { TableName: 'short-lived' }
    const status = async () => (await client.send(new DescribeTableCommand(short))).Table?.TableStatus
    await client.send(
      new CreateTableCommand({
        ...short,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      }),
    )
    await vi.waitFor(async () => {
      expect(await status()).toBe('ACTIVE')
    }, 400)
    await client.send(new DeleteTableCommand(short))
    await vi.waitFor(() => expect(status()).rejects.toMatchObject({ name: 'ResourceNotFoundException' }), 400)
  })

  it('continues to serve requests after a request is cut off', async () => {
    for (const sent of ['', '{"TableName":']) {
      await new Promise<void>((resolve) => {
        const socket = connect(server.port, '127.0.0.1', () => {
          const head =
            'POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: DynamoDB_20120810.Scan\r\nContent-Type: application/x-amz-json-1.0'
          socket.write(`${head}\r\nContent-Length: 1000\r\n\r\n${sent}`)
          setTimeout(() => socket.resetAndDestroy(), 50)
        })
        socket.on('error', () => undefined)
        socket.on('close', () => {
          resolve()
        })
      })
      await sleep(50)
      await client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'after the cut' } } }))
    }
  })

  it('accepts the largest batch and rejects an item over the size limit', async () => {
    const text = 'x'.repeat(390_000)
    const requests = Array.from({ length: 25 }, (_, at) => ({
      PutRequest: { Item: { pk: { S: `large ${at}` }, text: { S: text } } },
    }))
    const { UnprocessedItems } = await client.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }),
    )
    expect(UnprocessedItems).toEqual({})
    const { Item } = await client.send(new GetItemCommand({ TableName, Key: { pk: { S: 'large 24' } } }))
    expect(Item?.['text']?.S).toBe(text)
    const tooLarge = new PutItemCommand({ TableName, Item: { pk: { S: 'p' }, text: { S: 'x'.repeat(410_000) } } })
    await expect(client.send(tooLarge)).rejects.toMatchObject({ name: 'ValidationException' })
  })

  it('rejects a Limit that is no 32-bit integer, as DynamoDB does', async () => {
    const scan = (Limit: number) => client.send(new ScanCommand({ TableName, Limit }))
    await expect(scan(2 ** 31)).rejects.toMatchObject({ name: 'SerializationException' })
    await expect(scan(2 ** 31 - 1)).resolves.toMatchObject({ Items: expect.any(Array) as unknown })
  })

  it('confirms UpdateTimeToLive', async () => {
    const specification = { AttributeName: 'expires', Enabled: true }
    const answer = await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: specification }))
    expect(answer.TimeToLiveSpecification).toEqual(specification)
  })

  it('rejects a request without a DynamoDB operation, and continues to serve requests', async () => {
    const unsigned = await fetch(server.endpoint, {
      method: 'POST',
      body: 'not JSON',
      headers: { 'content-type': 'application/json' },
    })
    expect(unsigned.status).toBe(400)
    expect((await fetch(server.endpoint)).status).toBe(200)
    const scan = await client.send(new ScanCommand({ TableName, Limit: 1 }))
    expect(scan.Items).toHaveLength(1)
  })
})
