import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { Problem } from '../../shared/problems/problem.ts'

/** The response of a route. The body is sent as JSON. If there is a `text`, it is sent unchanged instead. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The response in the format that API Gateway expects from a Lambda function. */
export type HttpResult = APIGatewayProxyStructuredResultV2

/**
 * The delay in seconds before a client repeats a request that failed with `too-many-jobs`. Most small jobs end within
 * this time.
 */
const TOO_MANY_JOBS_RETRY_AFTER = '30'

/** The delay in seconds before a client repeats a request that failed with `throttled`. */
const THROTTLED_RETRY_AFTER = '10'

/** Caches must not store responses, because they contain signed URLs and the current state of a job. */
const NO_STORE = { 'cache-control': 'no-store' } as const

/** Converts a response to the format of API Gateway. */
export const httpResult = ({ status, body, text, headers }: Answer): HttpResult => {
  if (text !== undefined) return { statusCode: status, headers: { ...NO_STORE, ...headers }, body: text }
  if (body === undefined) return { statusCode: status, headers: { ...NO_STORE, ...headers } }
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json', ...NO_STORE, ...headers },
    body: JSON.stringify(body),
  }
}

/**
 * Returns the response for a problem. It contains the document, the status, and the headers for this type of problem.
 */
export const problemAnswer = (problem: Problem): Answer => ({
  status: problem.status,
  body: problem,
  headers: problemHeaders(problem),
})

/** Returns `content-type`, and `retry-after` or `allow` for the problem types that have these headers. */
export const problemHeaders = ({ type, allow }: Problem): Record<string, string> => ({
  'content-type': 'application/problem+json',
  ...(type === 'too-many-jobs' ? { 'retry-after': TOO_MANY_JOBS_RETRY_AFTER } : {}),
  ...(type === 'throttled' ? { 'retry-after': THROTTLED_RETRY_AFTER } : {}),
  ...(type === 'method-not-allowed' && Array.isArray(allow) ? { allow: allow.join(', ') } : {}),
})
