import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { problemOf } from '../../../shared/problems/problem.ts'
import { errorMessage } from '../../../shared/values/error-message.ts'
import { ForeignRequestError, TooLargeError } from '../../http/errors.ts'
import { checkLoopbackRequest } from '../../http/loopback-request.ts'
import { MAX_ARCHIVE_BYTES } from '../../http/http-request.ts'
import type { SendRequest } from '../client/send-request.ts'
import { Session } from './session.ts'

/** A running server. Its address contains the token. */
export interface UiServer {
  readonly url: string
  /** Stops listening and ends all connections. */
  readonly stop: () => Promise<void>
}

/** The headers of a request that the API receives. In particular, it receives no cookie and no `Origin`. */
const REQUEST_HEADERS = ['accept', 'content-type', 'idempotency-key'] as const
const RESPONSE_HEADERS = [
  'cache-control',
  'content-security-policy',
  'content-type',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'location',
  'referrer-policy',
  'retry-after',
  'x-content-type-options',
  'x-frame-options',
] as const

/**
 * Starts a server on 127.0.0.1 that sends requests on to the API with `send`, which signs them with the credentials of
 * the caller. Only a browser that has exchanged the token for a cookie can use it. Port 0 selects any free port.
 */
export const startUiServer = async (send: SendRequest, port: number): Promise<UiServer> => {
  const server = createServer()
  const bound = await listen(server, port)
  const session = new Session(bound)
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer({ send, session, port: bound }, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else sendProblem(response, error)
      request.resume()
    })
  })
  return { url: `http://127.0.0.1:${bound}/?token=${session.token}`, stop: () => close(server) }
}

interface UiContext {
  readonly send: SendRequest
  readonly session: Session
  readonly port: number
}

const answer = async (context: UiContext, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { session, port } = context
  const { headers, method = 'GET' } = request
  checkLoopbackRequest(headers, port)
  // Browsers send `Origin` with every request that is not GET or HEAD.
  if (method !== 'GET' && headers.origin === undefined)
    throw new ForeignRequestError('Origin', '', [`http://127.0.0.1:${port}`])
  const url = new URL(request.url ?? '/', `http://127.0.0.1:${port}`)
  const token = url.searchParams.get('token')
  if (method === 'GET' && url.pathname === '/' && token !== null) {
    const cookie = session.exchange(token)
    if (cookie === undefined) sendText(response, 403, 'This address was used before. Run specstar-backup ui again.')
    else sendRedirect(response, '/_backup', cookie)
  } else if (!session.has(headers.cookie)) {
    sendText(response, 401, 'Open the address that specstar-backup ui has printed.')
  } else if (method === 'GET' && url.pathname === '/') {
    sendRedirect(response, '/_backup')
  } else if (method === 'GET' || method === 'POST') {
    await forward(context, { method, url }, request, response)
    return
  } else {
    sendText(response, 405, 'The page sends only GET and POST.')
  }
  request.resume()
}

const forward = async (
  { send }: UiContext,
  { method, url }: { readonly method: 'GET' | 'POST'; readonly url: URL },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const body = await readBody(request)
  const headers = REQUEST_HEADERS.flatMap((name) => {
    const value = request.headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
  const query = Object.fromEntries([...url.searchParams.keys()].map((name) => [name, url.searchParams.getAll(name)]))
  const path = url.pathname
  const result = await send({
    method,
    path,
    query,
    headers: Object.fromEntries(headers) as Record<string, string>,
    ...(body.length === 0 ? {} : { body }),
  })
  const content = Buffer.from(await result.arrayBuffer())
  for (const name of RESPONSE_HEADERS) {
    const value = result.headers.get(name)
    if (value !== null) response.setHeader(name, value)
  }
  response.writeHead(result.status)
  response.end(content)
}

/** The largest body that the API accepts, with some room for a form around an archive. */
const MAX_BODY_BYTES = MAX_ARCHIVE_BYTES + 64 * 1024

const readBody = async (request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a chunk of the request body is not a Buffer')
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new TooLargeError(MAX_ARCHIVE_BYTES)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** Sends a problem document. A failure of the request to the API has no row in the error table. */
const sendProblem = (response: ServerResponse, error: unknown): void => {
  const isOwn = error instanceof ForeignRequestError || error instanceof TooLargeError
  const unreachable = {
    type: 'unreachable',
    title: 'The API does not respond',
    status: 502,
    detail: errorMessage(error),
  }
  const problem = isOwn ? problemOf(error) : unreachable
  response.writeHead(problem.status, { ...OWN_HEADERS, 'content-type': 'application/problem+json' })
  response.end(JSON.stringify(problem))
}

const OWN_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

const sendText = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { ...OWN_HEADERS, 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${text}\n`)
}

const sendRedirect = (response: ServerResponse, location: string, cookie?: string): void => {
  response.writeHead(303, { ...OWN_HEADERS, location, ...(cookie === undefined ? {} : { 'set-cookie': cookie }) })
  response.end()
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeAllConnections()
  })
