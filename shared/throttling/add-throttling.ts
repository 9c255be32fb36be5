import type { FinalizeRequestMiddleware, InitializeMiddleware, MiddlewareStack } from '@smithy/types'
import { AttemptLimit } from './attempt-limit.ts'
import { callContext, withinCall } from './call-context.ts'
import { operationOf, targetOf } from './call-target.ts'
import { isThrottled } from './is-throttled.ts'
import { type ThrottledCall, ThrottledError } from './throttled-error.ts'
import { isUnprocessed } from './unprocessed.ts'

/** The part of an SDK client that is needed to add a middleware. */
interface Client<Input extends object, Output extends object> {
  readonly middlewareStack: Pick<MiddlewareStack<Input, Output>, 'add' | 'addRelativeTo'>
}

/** The name of the middleware that runs around each attempt. The attempt is signed and sent after it. */
const LIMIT_ATTEMPTS = 'limitAttempts'

/**
 * Adds two middlewares to a client whose retry strategy is `ThrottlingRetryStrategy`:
 *
 * - one around each call, which replaces the error of a throttled call by `ThrottledError`;
 * - one around each attempt, which limits the attempts in flight to each table or bucket, calls the guard of the
 *   context and counts throttled attempts.
 *
 * The limit is separate for each table and bucket, so that a throttled resource table does not slow down the job table.
 */
export const addThrottling = <Input extends object, Output extends object>(
  { middlewareStack }: Client<Input, Output>,
  service: string,
): void => {
  const limits = new Map<string, AttemptLimit>()
  const limitOf = (target: string): AttemptLimit => {
    const limit = limits.get(target) ?? new AttemptLimit()
    limits.set(target, limit)
    return limit
  }
  const withThrottledError: InitializeMiddleware<Input, Output> =
    (next, { commandName }) =>
    (args) =>
      withinCall(async () => {
        const startedAt = performance.now()
        try {
          return await next(args)
        } catch (error) {
          throw finalError(error, callOf(service, commandName, args.input), startedAt)
        }
      })
  const limited: FinalizeRequestMiddleware<Input, Output> =
    (next, { commandName }) =>
    async (args) => {
      const call = callOf(service, commandName, args.input)
      const { until, signal, guard, throttled } = callContext()
      const end = await limitOf(call.target ?? '').begin(until, signal)
      try {
        await guard?.()
        const result = await next(args)
        if (isUnprocessed(args.input, result.output)) {
          end('throttled')
          throttled.add(call)
        } else end('succeeded')
        return result
      } catch (error) {
        if (isThrottled(error, service)) {
          end('throttled')
          throttled.add(call)
        } else end('other')
        throw error
      }
    }
  middlewareStack.add(withThrottledError, { step: 'initialize', name: 'throttledError' })
  middlewareStack.addRelativeTo(limited, {
    relation: 'after',
    toMiddleware: 'retryMiddleware',
    name: LIMIT_ATTEMPTS,
  })
}

const callOf = (service: string, commandName: string | undefined, input: object): ThrottledCall => {
  const target = targetOf(input)
  return { service, operation: operationOf(commandName), ...(target === undefined ? {} : { target }) }
}

/** Returns the error that the caller receives. If the context was aborted while the call waited, this is its reason. */
const finalError = (error: unknown, call: ThrottledCall, startedAt: number): unknown => {
  const { signal } = callContext()
  if (!isThrottled(error, call.service)) return error
  if (signal?.aborted === true) return signal.reason
  return new ThrottledError(call, performance.now() - startedAt, error)
}
