import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import * as z from 'zod'
import { checkLoopbackRequest } from '../../../functions/http/loopback-request.ts'
import { LimitsEndpoint } from '../limits/limits-endpoint.ts'
import { DynamoDbLimits } from '../limits/service-limits.ts'
import { DynamoDbLimiter } from './dynamodb-limiter.ts'
import { processWithinLimits } from './process-within-limits.ts'
import { errorMessage } from '../../../shared/values/error-message.ts'
import { buffersOf } from '../../../shared/values/buffers-of.ts'

/**
 * The maximum size of a request. The largest requests are those of BatchWriteItem, whose items have at most 16 MB in
 * total.
 */
const MAX_REQUEST_BYTES = 17 * 1024 * 1024

/** The largest value of the parameter `Limit`, which is a 32-bit integer in the API of DynamoDB. */
const MAX_LIMIT = 2 ** 31 - 1

const WithLimit = z.object({ Limit: z.exactOptional(z.number()) })

const UpdateTimeToLive = z.object({
  TableName: z.string(),
  TimeToLiveSpecification: z.record(z.string(), z.unknown()),
})

/**
 * Wraps dynalite's request handler to correct four defects:
 * - A request whose body is incomplete would end the process. The guard passes only complete requests to dynalite.
 * - An exception in dynalite would end the process. The guard responds to all open requests with `InternalServerError`,
 *   which clients retry, or with `StorageFull` if the disk is full.
 * - dynalite does not support `UpdateTimeToLive`. The guard accepts such requests, but items do not expire.
 * - dynalite accepts a `Limit` of any size. The guard rejects those that DynamoDB cannot read.
 *
 * Also rejects requests of web pages: dynalite allows every site to call it, and does not check signatures. Enforces
 * `limits`, and calls `onTableDeleted` before it responds to a request that deletes a table.
 */
export function guardRequests(
  server: Server,
  limits?: DynamoDbLimits,
  onTableDeleted: () => Promise<void> = () => Promise.resolve(),
): void {
  const handlers = server.listeners('request')
  server.removeAllListeners('request')
  const openResponses = new Set<ServerResponse>()
  const endpoint = new LimitsEndpoint(DynamoDbLimits, limits, (given) => new DynamoDbLimiter(given))

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const refusal = webPageRefusal(request)
    if (refusal !== undefined) {
      answer(response, 403, { message: refusal })
      request.resume()
      return
    }
    if (endpoint.handle(request, response)) return
    openResponses.add(response)
    response.once('close', () => openResponses.delete(response))
    readBody(request).then(
      (body) => {
        if (body === undefined)
          answer(response, 413, { message: `the request is too large: at most ${MAX_REQUEST_BYTES} bytes are allowed` })
        else if (operationOf(request) === 'UpdateTimeToLive') answerUpdateTimeToLive(response, body)
        else if (hasLargeLimit(operationOf(request), body))
          answer(response, 400, {
            __type: 'com.amazon.coral.service#SerializationException',
            message: `Limit is greater than ${MAX_LIMIT}, the largest 32-bit integer`,
          })
        else {
          if (operationOf(request) === 'DeleteTable') respondAfter(response, onTableDeleted)
          const process = (processed: Buffer): void => {
            const complete = Object.assign(Readable.from(processed.length > 0 ? [processed] : []), {
              headers: request.headers,
              method: request.method,
              url: request.url,
            })
            for (const handler of handlers) handler.call(server, complete, response)
          }
          if (endpoint.limiter === undefined) process(body)
          else processWithinLimits(endpoint.limiter, operationOf(request), body, response, process)
        }
      },
      // The client has closed the connection.
      () => response.destroy(),
    )
  })

  const onUncaught = (error: unknown): void => {
    // dynalite has sent a second response to a request after this guard has sent the first.
    if (error instanceof Error && 'code' in error && error.code === 'ERR_HTTP_HEADERS_SENT') return
    console.error('local DynamoDB service:', error)
    const [status, type, message] = isDiskFull(error)
      ? ([507, 'StorageFull', 'the disk of the data folder has no space left'] as const)
      : ([500, 'InternalServerError', 'internal error'] as const)
    for (const response of openResponses)
      answer(response, status, { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message })
  }
  process.on('uncaughtException', onUncaught)
  process.on('unhandledRejection', onUncaught)
}

/**
 * Returns the reason for which a request is refused, because a web page may have sent it. Returns undefined for other
 * requests. No page of this project calls DynamoDB.
 */
function webPageRefusal(request: IncomingMessage): string | undefined {
  try {
    checkLoopbackRequest(request)
  } catch (error) {
    return errorMessage(error)
  }
  if (request.headers.origin === undefined) return undefined
  return 'this service accepts no requests of web pages; only browsers send the header Origin'
}

function operationOf(request: IncomingMessage): string {
  return String(request.headers['x-amz-target']).replace('DynamoDB_20120810.', '')
}

function hasLargeLimit(operation: string, body: Buffer): boolean {
  if (operation !== 'Query' && operation !== 'Scan') return false
  try {
    const parsed = WithLimit.safeParse(JSON.parse(body.toString()))
    return parsed.success && (parsed.data.Limit ?? 0) > MAX_LIMIT
  } catch {
    // dynalite responds to a body that is not JSON.
    return false
  }
}

/** LevelDB reports a full disk only in the text of its error. Clients do not retry the status 507. */
function isDiskFull(error: unknown): boolean {
  return error instanceof Error && error.message.includes('No space left on device')
}

/**
 * Returns the body of a request, or undefined if the body is too large. The guard passes the body to dynalite in one
 * piece, because dynalite itself needs a second to join the pieces of a large body.
 */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of buffersOf(request)) {
    size += chunk.length
    if (size <= MAX_REQUEST_BYTES) chunks.push(chunk)
  }
  return size <= MAX_REQUEST_BYTES ? Buffer.concat(chunks) : undefined
}

/** Delays the response, which dynalite sends in one piece, until `work` has ended. */
function respondAfter(response: ServerResponse, work: () => Promise<void>): void {
  const end: (body: string) => ServerResponse = response.end.bind(response)
  Object.assign(response, {
    end: (body: string) => {
      void work().then(
        () => end(body),
        (error: unknown) => {
          console.error('local DynamoDB service:', error)
          end(body)
        },
      )
      return response
    },
  })
}

function answerUpdateTimeToLive(response: ServerResponse, body: Buffer): void {
  const parsed = UpdateTimeToLive.safeParse(JSON.parse(body.toString()))
  if (parsed.success) answer(response, 200, { TimeToLiveSpecification: parsed.data.TimeToLiveSpecification })
  else answer(response, 400, { __type: 'com.amazon.coral.validate#ValidationException', message: 'invalid request' })
}

function answer(response: ServerResponse, status: number, content: object): void {
  if (response.headersSent) return
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
  response.end(JSON.stringify(content))
}
