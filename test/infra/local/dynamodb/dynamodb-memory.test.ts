import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateTableCommand, DynamoDBClient, PutItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { expect, it } from 'vitest'
import { startDynamoDb } from '../../../../infra/local/dynamodb/start-dynamodb.ts'
import { credentials } from '../running-s3.ts'

const TableName = 'things'
const ROUNDS = 200
const data = { S: 'x'.repeat(300_000) }

it('the memory of the DynamoDB stand-in does not grow with what is written between reads', async () => {
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
    for (let k = 0; k < ROUNDS; k++) {
      await client.send(new PutItemCommand({ TableName, Item: { pk: { S: `thing-${k % 4}` }, data } }))
      // one read that ends where its items end, and one that ends before
      await client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: 'none' } },
        }),
      )
      await client.send(new ScanCommand({ TableName, Limit: 1 }))
    }
    // 60 MB go through write buffers of 4 MB and, held by reads that never end, five times as much is kept.
    expect(await heldBy(server.pid)).toBeLessThan(200)
  } finally {
    client.destroy()
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
})

/** Memory of a process that is no file's, in MiB. */
const heldBy = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1024
}
