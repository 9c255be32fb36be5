import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** A server in place of the API, for states that the local program cannot be brought into. */
export interface FakeApi {
  readonly url: string
  readonly stop: () => Promise<void>
}

interface FakeAnswer {
  readonly status: number
  readonly body: unknown
}

/** Starts a server that responds to each request with a JSON document. By default, its port is a free one. */
export const fakeApi = async (
  answer: (request: IncomingMessage, body: string) => FakeAnswer | Promise<FakeAnswer>,
  headers: Readonly<Record<string, string>> = {},
  port = 0,
): Promise<FakeApi> => {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      void Promise.resolve(answer(request, Buffer.concat(chunks).toString())).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers })
        response.end(JSON.stringify(body))
      })
    })
  })
  server.listen(port)
  await once(server, 'listening')
  const address = server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${actualPort}`,
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
