import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { buffersOf } from '../../../shared/values/buffers-of.ts'

/** dynalite's and AWS's limit of a request: a BatchWriteItem with 25 items of at most 16 MB in total must fit. */
const MAX_REQUEST_BYTES = 17 * 1024 * 1024

const UpdateTimeToLive = z.object({
  TableName: z.string(),
  TimeToLiveSpecification: z.record(z.string(), z.unknown()),
})

/**
 * Wraps dynalite's request handler to correct three defects:
 * - A request whose body is cut off would end the process. The guard passes only complete requests on.
 * - An exception in dynalite would end the process. The guard answers all open requests with `InternalServerError`,
 *   which clients retry, or with `StorageFull` if the disk is full.
 * - `UpdateTimeToLive` is missing. The guard confirms the request, but no item expires.
 */
export function guardRequests(server: Server): void {
  const handlers = server.listeners('request')
  server.removeAllListeners('request')
  const openResponses = new Set<ServerResponse>()

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    openResponses.add(response)
    response.once('close', () => openResponses.delete(response))
    readBody(request).then(
      (body) => {
        if (body === undefined)
          answer(response, 413, { message: `a request may have ${MAX_REQUEST_BYTES} bytes at most` })
        else if (request.headers['x-amz-target'] === 'DynamoDB_20120810.UpdateTimeToLive')
          answerUpdateTimeToLive(response, body)
        else {
          const complete = Object.assign(Readable.from(body.length > 0 ? [body] : []), {
            headers: request.headers,
            method: request.method,
            url: request.url,
          })
          for (const handler of handlers) handler.call(server, complete, response)
        }
      },
      // The client has closed the connection.
      () => response.destroy(),
    )
  })

  const onUncaught = (error: unknown): void => {
    // dynalite answers a request that this guard has already answered.
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

/** LevelDB reports a full disk only in the text of its error. Clients do not retry the status 507. */
function isDiskFull(error: unknown): boolean {
  return error instanceof Error && error.message.includes('No space left on device')
}

/** Reads a whole body in one piece: dynalite's own way of joining the pieces takes a second for a full batch. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of buffersOf(request)) {
    size += chunk.length
    if (size <= MAX_REQUEST_BYTES) chunks.push(chunk)
  }
  return size <= MAX_REQUEST_BYTES ? Buffer.concat(chunks) : undefined
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
