import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { expect, it } from 'vitest'
import { startDynamoDb } from '../../../../infra/local/dynamodb/start-dynamodb.ts'
import { noise } from '../../../large/noise.ts'
import { credentials } from '../s3/running-s3.ts'

const MB = 1_000_000

it('the local DynamoDB service removes the data of a deleted table, and keeps other tables', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dynamodb-deleted-'))
  const server = await startDynamoDb({ port: 0, dir })
  const client = new DynamoDBClient({ endpoint: server.endpoint, region: 'us-east-1', credentials })
  const put = (TableName: string, pk: string, data: string) =>
    client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, data: { S: data } } }))
  try {
    for (const TableName of ['deleted', 'kept']) {
      await client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        }),
      )
      await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 1 }, { TableName })
    }
    await put('kept', 'a', 'data')
    for (let k = 0; k < 40; k++) await put('deleted', `${k}`, noise(`item ${k}`, 150_000).toString('hex'))
    expect(await folderBytes(dir)).toBeGreaterThan(5 * MB)
    await client.send(new DeleteTableCommand({ TableName: 'deleted' }))
    // Otherwise, LevelDB would keep the entries and mark them as deleted, and queries would read the marks.
    expect(await folderBytes(dir)).toBeLessThan(MB)
    const { Item } = await client.send(new GetItemCommand({ TableName: 'kept', Key: { pk: { S: 'a' } } }))
    expect(Item).toEqual({ pk: { S: 'a' }, data: { S: 'data' } })
  } finally {
    client.destroy()
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
})

const folderBytes = async (dir: string): Promise<number> => {
  const sizes = await Promise.all((await readdir(dir)).map(async (name) => (await stat(join(dir, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
