import type { Context } from 'aws-lambda'
import type { HttpResult } from '../http/answer.ts'
import type { HttpEvent } from '../http/http-request.ts'

type RouteHandler = (event: HttpEvent, context: Context) => Promise<HttpResult>

/**
 * Returns the handler of a function with several routes. The keys are route keys of API Gateway, such as
 * `GET /_backup/archives`. A stack can contain at most 500 resources, and each function adds about eight.
 */
export const byRoute =
  (handlers: Readonly<Record<string, RouteHandler>>): RouteHandler =>
  (event, context) => {
    const handler = handlers[event.routeKey]
    if (handler === undefined) throw new Error(`the function has no handler of ${event.routeKey}`)
    return handler(event, context)
  }
