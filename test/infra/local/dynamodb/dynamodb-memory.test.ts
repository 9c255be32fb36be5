import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { expect, it } from 'vitest'
import { startDynamoDb } from '../../../../infra/local/dynamodb/start-dynamodb.ts'
import { credentials } from '../s3/running-s3.ts'

const TableName = 'things'
const ROUNDS = 200
const data = { S: 'x'.repeat(300_000) }

it('the memory of the local DynamoDB service does not grow with the amount of written data', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dynamodb-memory-'))
  const server = await startDynamoDb({ port: 0, dir })
  const client = new DynamoDBClient({ endpoint: server.endpoint, region: 'us-east-1', credentials })
  try {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      }),
    )
    await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1 }, { TableName })
    for (let k = 0; k < ROUNDS; k++) {
      await client.send(new PutItemCommand({ TableName, Item: { pk: { S: `thing-${k % 4}` }, data } }))
      // One read that reaches the end of its items, and one that stops earlier.
      await client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: 'none' } },
        }),
      )
      await client.send(new ScanCommand({ TableName, Limit: 1 }))
    }
    // Write buffers of 4 MB receive 60 MB. If the iterators of reads stayed open, the process would keep about 300 MB.
    expect(await anonymousMemoryOf(server.pid)).toBeLessThan(200)
  } finally {
    client.destroy()
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
})

/** The resident memory of a process without memory-mapped files, in MiB. */
const anonymousMemoryOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1024
}
