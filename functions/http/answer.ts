import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { Problem } from '../../shared/problems/problem.ts'

/** The answer of a route. The body is sent as JSON. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer as API Gateway expects it. */
export type HttpResult = APIGatewayProxyStructuredResultV2

/** Seconds after which a caller may retry when too many jobs are running: a small job ends within this time. */
const TOO_MANY_JOBS_RETRY_AFTER = '30'

/** Answers contain URLs that are signed for this caller, and the current state of a job. */
const NO_STORE = { 'cache-control': 'no-store' } as const

export const httpResult = ({ status, body, headers }: Answer): HttpResult =>
  body === undefined
    ? { statusCode: status, headers: { ...NO_STORE, ...headers } }
    : {
        statusCode: status,
        headers: { 'content-type': 'application/json', ...NO_STORE, ...headers },
        body: JSON.stringify(body),
      }

/** A problem document as an answer. */
export const problemAnswer = (problem: Problem): Answer => ({
  status: problem.status,
  body: problem,
  headers: problemHeaders(problem),
})

export const problemHeaders = ({ type, allow }: Problem): Record<string, string> => ({
  'content-type': 'application/problem+json',
  ...(type === 'too-many-jobs' ? { 'retry-after': TOO_MANY_JOBS_RETRY_AFTER } : {}),
  ...(type === 'method-not-allowed' && Array.isArray(allow) ? { allow: allow.join(', ') } : {}),
})
