import { BatchGetItemCommand, GetItemCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { HeadObjectCommand, ListBucketsCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { problemOf } from '../../shared/problems/problem.ts'
import { dynamoDB, s3 } from '../../shared/runtime/clients.ts'

it('repeats a request to DynamoDB that has no response after ten seconds', async () => {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    if (asked > 1) response.end('{"TableNames":[]}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = dynamoDB({
    region: 'eu-west-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  try {
    expect(await client.send(new ListTablesCommand())).toMatchObject({ TableNames: [] })
    expect(asked).toBe(2)
  } finally {
    client.destroy()
    server.closeAllConnections()
    server.close()
  }
}, 20_000)

describe('the problem of a request that AWS denies', () => {
  const ARN = 'arn:aws:sts::123456789012:assumed-role/specstar-export'
  const message = `User: ${ARN} is not authorized to perform: dynamodb:GetItem on resource: ${ARN}`
  const key = { pk: { S: 'x' } }

  interface Clients {
    readonly table: ReturnType<typeof dynamoDB>
    readonly bucket: ReturnType<typeof s3>
  }
  it.each<[operation: string, send: (clients: Clients) => Promise<unknown>]>([
    [
      'GetItem on table specstar-jobs',
      ({ table }) => table.send(new GetItemCommand({ TableName: 'specstar-jobs', Key: key })),
    ],
    [
      'BatchGetItem on table a',
      ({ table }) => table.send(new BatchGetItemCommand({ RequestItems: { a: { Keys: [key] } } })),
    ],
    ['ListTables', ({ table }) => table.send(new ListTablesCommand())],
    [
      'HeadObject on bucket archives',
      ({ bucket }) => bucket.send(new HeadObjectCommand({ Bucket: 'archives', Key: 'a' })),
    ],
    ['ListBuckets', ({ bucket }) => bucket.send(new ListBucketsCommand())],
    [
      'UploadPartCopy on bucket archives (copied from bucket work)',
      ({ bucket }) =>
        bucket.send(
          new UploadPartCopyCommand({
            Bucket: 'archives',
            Key: 'a',
            CopySource: 'work/x/y',
            PartNumber: 1,
            UploadId: 'u',
          }),
        ),
    ],
  ])('names the operation %s, and contains no message of AWS', async (operation, send) => {
    const server = createServer((request, response) => {
      const isDynamoDb = request.headers['x-amz-target'] !== undefined
      response.statusCode = isDynamoDb ? 400 : 403
      response.end(isDynamoDb ? JSON.stringify({ __type: 'AccessDeniedException', message }) : '')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const options = {
      region: 'eu-west-1',
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    }
    const clients = { table: dynamoDB(options), bucket: s3(options) }
    try {
      const error: unknown = await send(clients).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      const problem = problemOf(new Error('a stage failed', { cause: error }), 'r1')
      expect(problem).toMatchObject({ type: 'access-denied', request_id: 'r1' })
      expect(problem.detail).toContain(`AWS denied the operation ${operation}. An operator must allow it`)
      expect(JSON.stringify(problem)).not.toContain('123456789012')
    } finally {
      clients.table.destroy()
      clients.bucket.destroy()
      server.closeAllConnections()
      server.close()
    }
  })
})
