import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { MAX_ARCHIVE_BYTES } from '../../../functions/http/http-request.ts'
import { type HttpResult, problemHeaders } from '../../../functions/http/answer.ts'
import { problemOf } from '../../../shared/problems/problem.ts'
import { TooLargeError } from '../../../functions/http/errors.ts'
import { type Route, ROUTES } from '../../../functions/routes.ts'
import { PortInUseError } from '../processes/port-in-use-error.ts'
import { httpEvent } from './gateway-event.ts'
import { createRouteFinder, type FindRoute, loadFromSource, type LoadHandler } from './gateway-router.ts'
import { localContext } from './local-context.ts'

/** The largest body that an API Gateway HTTP API accepts. */
const MAX_BODY_BYTES = 10_000_000
/** API Gateway answers 503 after 30 seconds. The handler continues to run. */
const MAX_REQUEST_MS = 29_500
/** How long the rest of a rejected body is read. A client that is still sending cannot read the response before. */
const DRAIN_MS = 5_000
/**
 * Time for open requests to finish before `stop` closes their connections. A client that waits for a job can repeat its
 * request.
 */
const STOP_GRACE_MS = 1_000

export interface Gateway {
  readonly url: string
  readonly port: number
  /** Stops listening. Requests that are still open after one second are aborted. */
  stop(): Promise<void>
}

export interface GatewayOptions {
  /** 0 selects any free port. */
  readonly port: number
  readonly routes?: readonly Route[]
  /** Where handlers come from: by default from `functions/`. */
  readonly load?: LoadHandler
  readonly maxRequestMs?: number
}

/**
 * Starts a local API Gateway: converts HTTP requests to Lambda events, calls the handlers of the routes and sends their
 * results. It listens on 127.0.0.1 only. Rejects with `PortInUseError`.
 */
export const startGateway = async ({
  port,
  routes = ROUTES,
  load = loadFromSource,
  maxRequestMs = MAX_REQUEST_MS,
}: GatewayOptions): Promise<Gateway> => {
  const findRoute = await createRouteFinder(routes, load)
  const server = createServer((request, response) => {
    answer(findRoute, request, response, maxRequestMs).catch((error: unknown) => {
      // An incomplete request means that the client has closed the connection, which is not an error of the gateway.
      if (request.complete) console.error('local gateway: cannot answer a request', error)
      response.destroy()
    })
  })
  const boundPort = await listen(server, port)
  return { url: `http://127.0.0.1:${boundPort}`, port: boundPort, stop: () => close(server) }
}

const answer = async (
  findRoute: FindRoute,
  request: IncomingMessage,
  response: ServerResponse,
  maxRequestMs: number,
): Promise<void> => {
  const url = request.url ?? '/'
  const queryStart = url.indexOf('?')
  const path = queryStart < 0 ? url : url.slice(0, queryStart)
  const query = queryStart < 0 ? '' : url.slice(queryStart + 1)
  const method = request.method ?? 'GET'
  const body = await readBody(request)
  if (body === undefined) {
    rejectBody(request, response)
    return
  }
  const { handler, routeKey, params } = findRoute(method, path)
  const requestId = randomUUID()
  const event = httpEvent({ method, path, query, routeKey, params, request, body, requestId })
  const handled = handler(event, localContext(routeKey, requestId, maxRequestMs)).catch((error: unknown) => {
    console.error(`local gateway: the handler of request ${requestId} failed`, error)
    return gatewayError(500, 'Internal Server Error')
  })
  const result = await withTimeout(maxRequestMs, handled)
  send(response, result ?? gatewayError(503, 'Service Unavailable'), requestId)
}

/** API Gateway's own errors have this format. */
const gatewayError = (statusCode: number, message: string): HttpResult => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message }),
})

/** Returns the whole body, or undefined if it exceeds API Gateway's limit. */
const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return undefined
  const chunks: Buffer[] = []
  let size = 0
  // Leaving the loop must not destroy the request, because the response has not been sent yet.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a chunk of the request body is not a Buffer')
    size += chunk.length
    if (size > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * Sends 413 before the whole body has arrived and discards the rest for some seconds, so that the client reads the
 * response.
 */
const rejectBody = (request: IncomingMessage, response: ServerResponse): void => {
  const problem = problemOf(new TooLargeError(MAX_ARCHIVE_BYTES))
  response.writeHead(problem.status, { ...problemHeaders(problem), connection: 'close' })
  response.end(JSON.stringify(problem))
  request.resume()
  setTimeout(() => request.destroy(), DRAIN_MS).unref()
}

/** Returns the value of a promise, or undefined if it is not settled in time. */
const withTimeout = async <Value>(ms: number, work: Promise<Value>): Promise<Value | undefined> => {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined)
    }, ms)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

const send = (response: ServerResponse, result: HttpResult, requestId: string): void => {
  const { statusCode = 200, headers = {}, body = '', isBase64Encoded = false } = result
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, String(value))
  response.setHeader('apigw-requestid', requestId)
  response.writeHead(statusCode)
  response.end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'))
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortInUseError(port, 'PORT') : error)
    })
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })

const close = async (server: Server): Promise<void> => {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
  server.closeIdleConnections()
  const timer = setTimeout(() => {
    server.closeAllConnections()
  }, STOP_GRACE_MS)
  await closed
  clearTimeout(timer)
}
