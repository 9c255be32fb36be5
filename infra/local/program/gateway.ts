import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { MAX_ARCHIVE_BYTES } from '../../../functions/http/http-request.ts'
import { type HttpResult, problemHeaders } from '../../../functions/http/answer.ts'
import { problemOf } from '../../../shared/problems/problem.ts'
import { checkLoopbackRequest } from '../../../functions/http/loopback-request.ts'
import { HeadersTooLargeError, TooLargeError, UriTooLongError } from '../../../functions/http/errors.ts'
import { InvalidRequestError } from '../../../shared/requests/errors.ts'
import { type Route, ROUTES } from '../../../functions/routes.ts'
import { PortInUseError } from '../processes/port-in-use-error.ts'
import { httpEvent } from './gateway-event.ts'
import { createRouteFinder, type FindRoute, loadFromSource, type LoadHandler } from './gateway-router.ts'
import { localContext } from './local-context.ts'

/** The largest body that an API Gateway HTTP API accepts. */
const MAX_BODY_BYTES = 10_000_000
/** API Gateway responds with 503 if a handler needs more than 30 seconds. The handler continues to run. */
const MAX_REQUEST_MS = 29_500
/** The time for which the rest of a rejected body is received. Many clients read the response only after sending. */
const DRAIN_MS = 5_000
/**
 * The time for which `stop` waits for open requests before it closes their connections. This interrupts clients that
 * wait for the end of a job. They can repeat the request.
 */
const STOP_GRACE_MS = 1_000

export interface Gateway {
  readonly url: string
  readonly port: number
  /** Stops listening. Aborts the requests that are still open after one second. */
  stop(): Promise<void>
}

interface GatewayOptions {
  /** 0 selects any free port. */
  readonly port: number
  readonly routes?: readonly Route[]
  /** Loads the handler of a route, by default from `functions/`. */
  readonly load?: LoadHandler
  readonly maxRequestMs?: number
}

/**
 * Starts an HTTP server that replaces API Gateway: converts requests to Lambda events, calls the handlers of the routes
 * and sends their results. The server listens on 127.0.0.1 only. Rejects with `PortInUseError` if another process uses
 * the port.
 */
export const startGateway = async ({
  port,
  routes = ROUTES,
  load = loadFromSource,
  maxRequestMs = MAX_REQUEST_MS,
}: GatewayOptions): Promise<Gateway> => {
  const findRoute = await createRouteFinder(routes, load)
  const server = createServer((request, response) => {
    const foreign = foreignRequest(request)
    if (foreign !== undefined) {
      rejectRequest(request, response, foreign)
      return
    }
    answer(findRoute, request, response, maxRequestMs).catch((error: unknown) => {
      // If the request is incomplete, the client has closed the connection. This is not an error of the gateway.
      if (request.complete) console.error('local gateway: could not respond to a request', error)
      response.destroy()
    })
  })
  server.on('clientError', answerClientError)
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
    rejectRequest(request, response, new TooLargeError(MAX_ARCHIVE_BYTES))
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

/** Returns an error response in the format of API Gateway's own errors. */
const gatewayError = (statusCode: number, message: string): HttpResult => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message }),
})

/** Returns the body of a request, or undefined if the body exceeds the limit of API Gateway. */
const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return undefined
  const chunks: Buffer[] = []
  let size = 0
  // By default, leaving the loop would destroy the request and its connection, before the response is sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a chunk of the request body is not a Buffer')
    size += chunk.length
    if (size > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Returns the error of a request that a page of another site may have caused, otherwise undefined. */
const foreignRequest = (request: IncomingMessage): unknown => {
  try {
    checkLoopbackRequest(request)
    return undefined
  } catch (error) {
    return error
  }
}

/**
 * Sends a problem document before the whole body has arrived. Then receives and discards the rest of the body for some
 * seconds, so that the client can finish sending and read the response.
 */
const rejectRequest = (request: IncomingMessage, response: ServerResponse, error: unknown): void => {
  const problem = problemOf(error)
  response.writeHead(problem.status, { ...problemHeaders(problem), connection: 'close' })
  response.end(JSON.stringify(problem))
  request.resume()
  setTimeout(() => request.destroy(), DRAIN_MS).unref()
}

/** Sockets on which a response to an invalid request was sent. The parser reports an error for every further chunk. */
const answered = new WeakSet<Duplex>()

/** Responds with a problem document to a request that the HTTP parser of Node.js rejects. */
const answerClientError = (error: Error & { code?: string; rawPacket?: Buffer }, socket: Duplex): void => {
  if (answered.has(socket)) return
  answered.add(socket)
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = problemOf(error.code === 'HPE_HEADER_OVERFLOW' ? tooLongError(error.rawPacket) : notHttpError(error))
  const { status } = problem
  const body = JSON.stringify(problem)
  const headers = {
    ...problemHeaders(problem),
    'content-length': Buffer.byteLength(body).toString(),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`)
  // Many clients read the response only after sending, so the rest of the request is received and discarded.
  socket.resume()
  setTimeout(() => socket.destroy(), DRAIN_MS).unref()
}

/** Returns the error for a request with an unknown method, or with a syntax that HTTP/1.1 does not allow. */
const notHttpError = ({ message, code }: Error & { code?: string }): Error =>
  new InvalidRequestError([
    {
      field: code === 'HPE_INVALID_METHOD' ? 'method' : 'request',
      message: `is not valid HTTP/1.1 (${message})`,
    },
  ])

/**
 * The request line and the headers may have 16 KiB together. If they are longer and the request line has more than this
 * number of bytes, the error says that the request line is too long. Otherwise, it says that the headers are too long.
 */
const LONG_LINE_BYTES = 8 * 1024

/**
 * Returns the error for a rejected packet. A long request can arrive in several packets, so the packet may not begin
 * with the request line. The request line is then too long if the packet contains no line end.
 */
const tooLongError = (packet: Buffer | undefined): Error => {
  if (packet === undefined) return new HeadersTooLargeError()
  const lineEnd = packet.indexOf('\r\n')
  const isRequestLine = /^[A-Z]+ /.test(packet.toString('latin1', 0, 20))
  const isLongLine = lineEnd < 0 || (isRequestLine && lineEnd > LONG_LINE_BYTES)
  return isLongLine ? new UriTooLongError() : new HeadersTooLargeError()
}

/** Returns the value of a promise, or undefined if the promise is not fulfilled within `ms` milliseconds. */
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
