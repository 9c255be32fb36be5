import middy, { type MiddlewareObj } from '@middy/core'
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import { logger, telemetry } from '../../shared/telemetry/telemetry.ts'
import { type HttpEvent, type HttpRequest, httpRequest } from '../http/http-request.ts'
import { isInternal, type Problem, problemOf } from '../../shared/problems/problem.ts'

/** What a route answers: JSON, or nothing but headers. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export type HttpResult = APIGatewayProxyStructuredResultV2
export type HttpHandler = (event: HttpEvent, context: Context) => Promise<HttpResult>

/**
 * A handler of one route. `read` makes the route's own input of the request, or throws what is wrong with it; `answer`
 * calls one function of `shared`. Whatever either throws is answered as problem+json.
 *
 * @example
 * export const handler = jsonRoute(jobIdOf, async (jobId) => cancelJob(await services(), jobId))
 */
export const jsonRoute = <Input>(
  read: (request: HttpRequest) => Input | Promise<Input>,
  answer: (input: Input, request: HttpRequest) => Promise<Answer>,
): HttpHandler =>
  middy<HttpEvent, HttpResult>()
    .use(telemetry())
    .use(problems())
    .handler(async (event: HttpEvent): Promise<HttpResult> => {
      const request = httpRequest(event)
      return httpResult(await answer(await read(request), request))
    })

/** Answers hold URLs that were signed for this caller, and the state of a job at this moment: nobody keeps them. */
const NEVER_STORED = { 'cache-control': 'no-store' } as const

const httpResult = ({ status, body, headers }: Answer): HttpResult =>
  body === undefined
    ? { statusCode: status, headers: { ...NEVER_STORED, ...headers } }
    : {
        statusCode: status,
        headers: { 'content-type': 'application/json', ...NEVER_STORED, ...headers },
        body: JSON.stringify(body),
      }

/** Makes problem+json of whatever is thrown. What is our own trouble goes into the log, under the id that the caller sees. */
const problems = (): MiddlewareObj<HttpEvent, HttpResult> => ({
  onError: (request) => {
    const problem = problemOf(request.error, request.event.requestContext.requestId)
    if (isInternal(problem)) {
      const error = request.error instanceof Error ? request.error : new Error(String(request.error))
      logger.error('a request failed', { request_id: request.event.requestContext.requestId, error })
    }
    request.response = problemResult(problem)
  },
})

const problemResult = (problem: Problem): HttpResult =>
  httpResult({ status: problem.status, body: problem, headers: problemHeaders(problem) })

/** Headers of an answer whose body is a problem. */
export const problemHeaders = ({ type, allow }: Problem): Record<string, string> => ({
  'content-type': 'application/problem+json',
  ...(type === 'too-many-jobs' ? { 'retry-after': '30' } : {}),
  ...(type === 'method-not-allowed' && Array.isArray(allow) ? { allow: allow.join(', ') } : {}),
})

/** A problem as a route's answer: for jobs that fail while a request waits for them. */
export const problemAnswer = (problem: Problem): Answer => ({
  status: problem.status,
  body: problem,
  headers: problemHeaders(problem),
})
