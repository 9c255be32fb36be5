import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Context } from 'aws-lambda'
import createRouter from 'find-my-way'
import { type HttpEvent, MAX_ARCHIVE_BYTES } from '../../../functions/http/http-request.ts'
import { type HttpResult, problemHeaders } from '../../../functions/handlers/route.ts'
import { problemOf } from '../../../shared/problems/problem.ts'
import { TooLargeError } from '../../../functions/http/errors.ts'
import { DEFAULT_ROUTE, type Route, ROUTES } from '../../../functions/routes.ts'
import { localContext } from './local-context.ts'
import { PortInUseError } from '../processes/port-in-use-error.ts'

/** What API Gateway's HTTP API takes. */
const MAX_BODY_BYTES = 10_000_000
/** API Gateway answers 503 after 30 seconds; the handler goes on by itself. */
const MAX_REQUEST_MS = 29_500
/** How long what is left of a refused body is read, so that the client can read its answer. */
const DRAIN_MS = 5_000

export interface Gateway {
  readonly url: string
  readonly port: number
  /** Answers no more requests; those under way are cut after a second. */
  stop(): Promise<void>
}

/** A route's handler, as Lambda calls it. */
export type LocalHandler = (event: HttpEvent, context: Context) => Promise<HttpResult>

/** Loads a route's handler: from `functions/`, or in tests from anywhere. */
export type LoadHandler = (file: string) => Promise<LocalHandler>

const loadFromSource: LoadHandler = async (file) => {
  // In this form bundlers and test runners can follow the import.
  const [folder, name] = file.replace(/\.ts$/, '').split('/')
  const module = (await import(`../../../functions/${folder}/${name}.ts`)) as { readonly handler: LocalHandler }
  return module.handler
}

export interface GatewayOptions {
  /** 0: any free port. */
  readonly port: number
  readonly routes?: readonly Route[]
  readonly load?: LoadHandler
  readonly maxRequestMs?: number
}

/** The local API Gateway: HTTP requests become events of payload version 2, answers become responses. Only from this machine. */
export const startGateway = async ({
  port,
  routes = ROUTES,
  load = loadFromSource,
  maxRequestMs = MAX_REQUEST_MS,
}: GatewayOptions): Promise<Gateway> => {
  const find = await routeFinder(routes, load)
  const server = createServer((request, response) => {
    answer(find, request, response, maxRequestMs).catch((error: unknown) => {
      // A client that went away in the middle of its request is no failure.
      if (request.complete) console.error('the gateway failed', error)
      response.destroy()
    })
  })
  const bound = await listen(server, port)
  return { url: `http://127.0.0.1:${bound}`, port: bound, stop: () => close(server) }
}

interface Target {
  readonly handler: LocalHandler
  readonly routeKey: string
}
type Found = Target & { readonly params: Readonly<Record<string, string | undefined>> }
type Find = (method: string, path: string) => Found

const routeFinder = async (routes: readonly Route[], load: LoadHandler): Promise<Find> => {
  const router = createRouter({ maxParamLength: 1024 })
  // The router hands back what was registered: a function that only stands for its route.
  const targets = new Map<unknown, Target>()
  for (const { method, path, file } of routes) {
    const mark = (): undefined => undefined
    targets.set(mark, { handler: await load(file), routeKey: `${method} ${path}` })
    router.on(method, path.replaceAll(/\{(\w+)\}/g, ':$1'), mark)
  }
  const otherwise = { handler: await load(DEFAULT_ROUTE.file), routeKey: '$default', params: {} }
  return (method, path) => {
    const known = routes.find((route) => route.method === method)
    const found = known === undefined ? null : router.find(known.method, path)
    const target = targets.get(found?.handler)
    return found === null || target === undefined ? otherwise : { ...target, params: found.params }
  }
}

const answer = async (
  find: Find,
  request: IncomingMessage,
  response: ServerResponse,
  maxRequestMs: number,
): Promise<void> => {
  const url = request.url ?? '/'
  const cut = url.indexOf('?')
  const path = cut < 0 ? url : url.slice(0, cut)
  const query = cut < 0 ? '' : url.slice(cut + 1)
  const method = request.method ?? 'GET'
  const body = await readBody(request)
  if (body === undefined) {
    refuseBody(request, response)
    return
  }
  const { handler, routeKey, params } = find(method, path)
  const requestId = randomUUID()
  const event = httpEvent({ method, path, query, routeKey, params, request, body, requestId })
  const called = handler(event, localContext(routeKey, requestId, maxRequestMs)).catch((error: unknown) => {
    console.error(`request ${requestId} failed`, error)
    return gatewayRefusal(500, 'Internal Server Error')
  })
  const result = await within(maxRequestMs, called)
  send(response, result ?? gatewayRefusal(503, 'Service Unavailable'), requestId)
}

/** API Gateway's own refusals have this shape. */
const gatewayRefusal = (statusCode: number, message: string): HttpResult => ({
  statusCode,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message }),
})

/** The whole body; nothing where it is larger than API Gateway takes. */
const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return undefined
  const chunks: Buffer[] = []
  let size = 0
  // The request is not destroyed when the loop is left: its answer is still to be sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a request body gave something else than bytes')
    size += chunk.length
    if (size > MAX_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Answers before the body has come, and reads on for a while: a client that is still sending would lose the answer. */
const refuseBody = (request: IncomingMessage, response: ServerResponse): void => {
  const problem = problemOf(new TooLargeError(MAX_ARCHIVE_BYTES))
  response.writeHead(problem.status, { ...problemHeaders(problem), connection: 'close' })
  response.end(JSON.stringify(problem))
  request.resume()
  setTimeout(() => request.destroy(), DRAIN_MS).unref()
}

const httpEvent = (from: {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly routeKey: string
  readonly params: Readonly<Record<string, string | undefined>>
  readonly request: IncomingMessage
  readonly body: Buffer
  readonly requestId: string
}): HttpEvent => {
  const { method, path, query, routeKey, params, request, body, requestId } = from
  const headers = Object.fromEntries(
    Object.entries(request.headersDistinct).map(([name, values = []]) => [name, values.join(',')]),
  )
  const now = new Date()
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: query,
    headers,
    queryStringParameters: joined(new URLSearchParams(query)),
    pathParameters: { ...params },
    ...(body.length === 0 ? {} : { body: body.toString('base64') }),
    isBase64Encoded: body.length > 0,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      authorizer: { iam: { userArn: 'local' } },
      domainName: '127.0.0.1',
      domainPrefix: '127',
      http: {
        method,
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey,
      stage: '$default',
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
  }
}

/** As API Gateway gives them: repeated parameters in one text, joined by commas. */
const joined = (query: URLSearchParams): Record<string, string> =>
  Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')]))

const within = async <Value>(ms: number, work: Promise<Value>): Promise<Value | undefined> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined)
    }, ms)
  })
  try {
    return await Promise.race([work, late])
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

/** A second for answers that are under way: whoever waits for a job asks again. */
const GRACE_MS = 1_000

const close = async (server: Server): Promise<void> => {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
  server.closeIdleConnections()
  const cut = setTimeout(() => {
    server.closeAllConnections()
  }, GRACE_MS)
  await closed
  clearTimeout(cut)
}
