import type { ServerResponse } from 'node:http'
import type { DynamoDbLimiter } from './dynamodb-limiter.ts'

/**
 * Processes a request within the limits. Responds with an error if no units are available. Otherwise calls `process`
 * with the body of the request, and charges the units when `process` ends the response.
 */
export function processWithinLimits(
  limiter: DynamoDbLimiter,
  operation: string,
  body: Buffer,
  response: ServerResponse,
  process: (body: Buffer) => void,
): void {
  const input = parseObject(body)
  const admission = input === undefined ? undefined : limiter.admit(operation, input)
  // The latency comes after the admission, so it does not change the order of the requests.
  setTimeout(() => {
    if (admission === undefined) process(body)
    else if ('refusal' in admission) {
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(JSON.stringify(admission.refusal))
    } else {
      changeResponse(response, admission.settle)
      process(Buffer.from(JSON.stringify(admission.request)))
    }
  }, limiter.limits.latencyMs)
}

function parseObject(body: Buffer): object | undefined {
  try {
    const input: unknown = JSON.parse(body.toString())
    return typeof input === 'object' && input !== null ? input : undefined
  } catch {
    return undefined
  }
}

/** Passes the body of the response, which dynalite sends in one piece, through `change`. */
function changeResponse(response: ServerResponse, change: (body: string) => string): void {
  const end: (body: string) => ServerResponse = response.end.bind(response)
  Object.assign(response, {
    end: (body: string) => {
      const changed = change(body)
      if (changed !== body) {
        response.removeHeader('x-amz-crc32')
        response.setHeader('content-length', Buffer.byteLength(changed))
      }
      return end(changed)
    },
  })
}
