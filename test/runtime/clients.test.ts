import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { dynamoDB } from '../../shared/runtime/clients.ts'

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
