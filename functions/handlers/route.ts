import middy, { type MiddlewareObj } from '@middy/core'
import type { Context } from 'aws-lambda'
import { isInternal, problemOf } from '../../shared/problems/problem.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { logger, telemetry } from '../../shared/telemetry/telemetry.ts'
import { type Answer, type HttpResult, httpResult, problemAnswer } from '../http/answer.ts'
import { headersOf, type HttpEvent, type HttpRequest, httpRequest } from '../http/http-request.ts'
import { withRouteBudget } from './call-budgets.ts'

/** Converts a response, even a problem document, to the form that the headers of the request select. */
type ConvertAnswer = (request: Pick<HttpRequest, 'headers'>, answer: Answer) => Answer

/**
 * Returns the Lambda handler of a route. `read` validates the request and returns the input of `answer`, which returns
 * the response. If `read` or `answer` throws, the response is a problem document. By default, responses are not
 * converted.
 *
 * @example
 * export const handler = route(jobIdOf, async (jobId, { jobs }) => ({ status: 200, body: await jobs.get(jobId) }))
 */
export const route = <Input>(
  read: (request: HttpRequest, services: Services) => Input | Promise<Input>,
  answer: (input: Input, services: Services) => Answer | Promise<Answer>,
  convert: ConvertAnswer = (_, one) => one,
): ((event: HttpEvent, context: Context) => Promise<HttpResult>) => {
  const handler = middy<HttpEvent, HttpResult>()
    .use(telemetry())
    .use(answerErrors(convert))
    .handler(async (event: HttpEvent): Promise<HttpResult> => {
      const services = await currentServices()
      const request = httpRequest(event)
      const input = await read(request, services)
      return httpResult(convert(request, await answer(input, services)))
    })
  return (event, context) => withRouteBudget(context, () => handler(event, context))
}

/**
 * Converts an error to a response with a problem document. Logs internal errors with the request id, which the document
 * also contains.
 */
const answerErrors = (convert: ConvertAnswer): MiddlewareObj<HttpEvent, HttpResult> => ({
  onError: (request) => {
    const request_id = request.event.requestContext.requestId
    const problem = problemOf(request.error, request_id)
    if (isInternal(problem)) {
      const error = request.error instanceof Error ? request.error : new Error(String(request.error))
      logger.error('a request failed', { request_id, error })
    }
    request.response = httpResult(convert({ headers: headersOf(request.event) }, problemAnswer(problem)))
  },
})
