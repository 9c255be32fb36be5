import type { Context } from 'aws-lambda'
import { withCallBudget } from '../../shared/throttling/call-context.ts'

type Remaining = Pick<Context, 'getRemainingTimeInMillis'>

/** The time that a function needs to report an error after its last call to AWS, in milliseconds. */
const END_MS = 3_000
/**
 * The time that a pass keeps for storing its finished work. If a call is throttled until the budget ends, the pass
 * still completes its segment and writes a few lists and its result. These are at most some dozens of calls, which may
 * be throttled, too.
 */
const STORE_MS = 60_000
/** A function with a short time limit keeps a quarter of it for storing its result. */
const STORE_SHARE = 0.25
/**
 * The time for which one call of a route is repeated. A caller should not wait longer for a response, because the
 * caller can repeat the request.
 */
const ROUTE_CALL_MS = 5_000

/**
 * Runs a stage. A throttled call may use the remaining time of the invocation, except for the time in which the stage
 * stores its result and its error.
 */
export const withStageBudget = <Output>(context: Remaining, work: () => Output): Output => {
  const left = context.getRemainingTimeInMillis() - END_MS
  const storeMs = Math.min(STORE_MS, left * STORE_SHARE)
  return withCallBudget({ ms: left - storeMs, storeMs }, work)
}

/** Runs the handler of an event. Lambda calls the handler again if it fails. */
export const withEventBudget = <Output>(context: Remaining, work: () => Output): Output =>
  withCallBudget({ ms: context.getRemainingTimeInMillis() - END_MS }, work)

/** Runs the handler of a route, which must respond before API Gateway ends the request. */
export const withRouteBudget = <Output>(context: Remaining, work: () => Output): Output =>
  withCallBudget({ ms: context.getRemainingTimeInMillis() - END_MS, perCallMs: ROUTE_CALL_MS }, work)
