import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { z } from 'zod'

// As dynalite and AWS have it; a request has to hold a BatchWriteItem of 25 items and 16 MB.
const LIMIT = 17 * 1024 * 1024

const TimeToLive = z.object({ TableName: z.string(), TimeToLiveSpecification: z.record(z.string(), z.unknown()) })

/**
 * Puts a guard before dynalite's request handler. It sees whole bodies only, for one that breaks off would end the
 * process; an exception inside it costs the requests under way an `InternalServerError`, which clients retry, and not
 * the server; and `UpdateTimeToLive`, which it lacks, is answered (nothing expires).
 */
export function guardDynalite(server: Server): void {
  const handlers = server.listeners('request')
  server.removeAllListeners('request')
  const underWay = new Set<ServerResponse>()

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    underWay.add(response)
    response.once('close', () => underWay.delete(response))
    wholeBody(request).then(
      (body) => {
        if (body.length > LIMIT) answer(response, 413, { message: 'the request is too large' })
        else if (request.headers['x-amz-target'] === 'DynamoDB_20120810.UpdateTimeToLive') answerTtl(response, body)
        else {
          const whole = Object.assign(Readable.from(body.length > 0 ? [body] : []), {
            headers: request.headers,
            method: request.method,
            url: request.url,
          })
          for (const handler of handlers) handler.call(server, whole, response)
        }
      },
      // The client is gone: there is nobody to answer.
      () => response.destroy(),
    )
  })

  const failed = (error: unknown): void => {
    // an answer that comes after this guard's own
    if (error instanceof Error && 'code' in error && error.code === 'ERR_HTTP_HEADERS_SENT') return
    console.error('DynamoDB stand-in:', error)
    for (const response of underWay) {
      answer(response, 500, {
        __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError',
        message: 'internal error',
      })
    }
  }
  process.on('uncaughtException', failed)
  process.on('unhandledRejection', failed)
}

// dynalite joins the pieces one by one, which takes a second for a full batch.
async function wholeBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size <= LIMIT) pieces.push(piece)
  }
  return size <= LIMIT ? Buffer.concat(pieces) : Buffer.alloc(LIMIT + 1)
}

function answerTtl(response: ServerResponse, body: Buffer): void {
  const asked = TimeToLive.safeParse(JSON.parse(body.toString()))
  if (asked.success) answer(response, 200, { TimeToLiveSpecification: asked.data.TimeToLiveSpecification })
  else answer(response, 400, { __type: 'com.amazon.coral.validate#ValidationException', message: 'invalid request' })
}

function answer(response: ServerResponse, status: number, content: object): void {
  if (response.headersSent) return
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
  response.end(JSON.stringify(content))
}
