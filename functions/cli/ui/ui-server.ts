import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { problemOf } from '../../../shared/problems/problem.ts'
import { InvalidRequestError } from '../../../shared/requests/errors.ts'
import { errorMessage } from '../../../shared/values/error-message.ts'
import { ForeignRequestError, TooLargeError } from '../../http/errors.ts'
import { checkLoopbackRequest, startsJob } from '../../http/loopback-request.ts'
import { MAX_ARCHIVE_BYTES } from '../../http/http-request.ts'
import type { SendRequest } from '../client/send-request.ts'
import { UsageError } from '../usage-error.ts'
import { Session } from './session.ts'

/** A running server. Its address contains the token. */
export interface UiServer {
  readonly url: string
  /** Stops listening, and ends all connections and requests to the API. */
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
 * Starts a server on 127.0.0.1. Below a secret path, it sends requests on to the API with `send`, which
 * signs them with the credentials of the caller. Only a browser that has exchanged the token for a cookie can use it.
 * Port 0 selects any free port. Rejects with `UsageError` if the port cannot be used.
 */
export const startUiServer = async (send: SendRequest, port: number): Promise<UiServer> => {
  const server = createServer()
  const bound = await listen(server, port)
  const session = new Session()
  const stopped = new AbortController()
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer({ send, session, signal: stopped.signal }, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else sendProblem(response, error)
      request.resume()
    })
  })
  return {
    url: `http://127.0.0.1:${bound}/?token=${session.token}`,
    stop: () => {
      stopped.abort(new Error('the command has ended'))
      return close(server)
    },
  }
}

interface UiContext {
  readonly send: SendRequest
  readonly session: Session
  readonly signal: AbortSignal
}

const answer = async (context: UiContext, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { session } = context
  const { headers, method = 'GET' } = request
  checkLoopbackRequest(request)
  // Browsers send `Origin` with every request that is not GET or HEAD.
  if (method !== 'GET' && headers.origin === undefined)
    throw new ForeignRequestError('Origin', '', 'It must be the origin of the page')
  const url = urlOf(request)
  const token = url.searchParams.get('token')
  if (method === 'GET' && url.pathname === '/' && token !== null) {
    const cookie = session.exchange(token)
    if (cookie === undefined)
      sendText(response, 403, 'This address is not valid, or was used before. Run specstar-backup ui again.')
    else sendRedirect(response, `${session.path}/_backup`, cookie)
  } else if (!url.pathname.startsWith(`${session.path}/`) || !session.has(headers.cookie)) {
    sendText(response, 401, 'Open the address that specstar-backup ui has printed.')
  } else if (method === 'GET' || method === 'POST') {
    // The page starts jobs with POST.
    if (startsJob(request) && headers.origin === undefined && headers['sec-fetch-site'] !== 'same-origin')
      throw new ForeignRequestError('Origin', '', 'It must be the origin of the page, because the request starts a job')
    const path = url.pathname.slice(session.path.length)
    await forward(context, { method, path, query: url.searchParams }, request, response)
    return
  } else {
    sendText(response, 405, 'The page sends only GET and POST.')
  }
  request.resume()
}

/** A target such as `//` must not be parsed as a host, so it is appended to an origin. */
const urlOf = ({ url = '/' }: IncomingMessage): URL => {
  const text = `http://127.0.0.1${url}`
  // URL.parse needs Node.js 22.
  if (!url.startsWith('/') || !URL.canParse(text))
    throw new InvalidRequestError([{ field: 'request', message: 'the target must be a path' }])
  return new URL(text)
}

interface Forwarded {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly query: URLSearchParams
}

const forward = async (
  { send, signal }: UiContext,
  { method, path, query }: Forwarded,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const body = await readBody(request)
  const headers = REQUEST_HEADERS.flatMap((name) => {
    const value = request.headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
  const result = await send({
    method,
    path,
    query: Object.fromEntries([...query.keys()].map((name) => [name, query.getAll(name)])),
    signal,
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

const OWN_ERRORS = [ForeignRequestError, InvalidRequestError, TooLargeError]

/** Sends a problem document. A failure of the request to the API has no row in the error table. */
const sendProblem = (response: ServerResponse, error: unknown): void => {
  const isOwn = OWN_ERRORS.some((type) => error instanceof type)
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

const PORT_PROBLEMS: Readonly<Record<string, string | undefined>> = {
  EADDRINUSE: 'is used by another program',
  EACCES: 'is reserved for the administrator',
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = PORT_PROBLEMS[error.code ?? '']
      const message = `The port ${port} ${reason ?? ''}. Choose another one with --port, or omit --port`
      reject(reason === undefined ? error : new UsageError(message))
    })
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
