import { createServer, type IncomingMessage, request as send, Agent, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { CallCounter } from './call-counter.ts'
import { objectOperation } from './object-calls.ts'
import { reportUnits, unitsOf } from './table-calls.ts'

interface Proxy {
  readonly endpoint: string
  close(): Promise<void>
}

/** Starts a server that passes all requests to DynamoDB on, and counts their calls and units. */
export const countTableCalls = (target: string, counter: CallCounter, halvesScans: boolean): Promise<Proxy> =>
  startProxy(target, async (request, response, agent) => {
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '')
    const body = await buffer(request)
    const reporting = reportUnits(operation, body)
    const answer = await forward(target, request, agent, { 'content-length': String(reporting.length) }, (out) => {
      out.end(reporting)
    })
    const content = await buffer(answer)
    counter.addTableCall(operation, unitsOf(operation, body, content, halvesScans))
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    response.end(content)
  })

/** Starts a server that passes all requests to S3 on, and counts their calls and bytes. */
export const countObjectCalls = (target: string, counter: CallCounter): Promise<Proxy> =>
  startProxy(target, async (request, response, agent) => {
    const answer = await forward(target, request, agent, {}, (out) => pipeline(request, out))
    const { method = '', url = '', headers } = request
    const lengthOf = ({ headers: own }: IncomingMessage): number => Number(own['content-length'] ?? 0)
    counter.addObjectCall(objectOperation({ method, url, isCopy: 'x-amz-copy-source' in headers }), {
      read: method === 'GET' ? lengthOf(answer) : 0,
      written: method === 'PUT' ? lengthOf(request) : 0,
    })
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    await pipeline(answer, response)
  })

type Handle = (request: IncomingMessage, response: ServerResponse, agent: Agent) => Promise<void>

const startProxy = async (target: string, handle: Handle): Promise<Proxy> => {
  const agent = new Agent({ keepAlive: true })
  const server = createServer((request, response) => {
    // The client sees a closed connection, as if the service had closed it, and repeats the call.
    handle(request, response, agent).catch(() => response.destroy())
  })
  // As in the local services: a client reuses idle sockets for a long time.
  server.keepAliveTimeout = 120_000
  server.headersTimeout = 125_000
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error(`the proxy of ${target} has no TCP port`)
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: () => {
      agent.destroy()
      server.closeAllConnections()
      return new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
      })
    },
  }
}

/** Sends a request with the same headers, because they are signed. Resolves with the response. */
const forward = (
  target: string,
  { method, url, headers }: IncomingMessage,
  agent: Agent,
  changed: Readonly<Record<string, string>>,
  write: (out: ReturnType<typeof send>) => unknown,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    // This server has already answered the header `expect` itself.
    const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'expect'))
    const out = send(new URL(url ?? '/', target), { method, headers: { ...kept, ...changed }, agent })
    out.once('response', resolve)
    out.once('error', reject)
    Promise.resolve(write(out)).catch(reject)
  })
