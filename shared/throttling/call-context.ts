import { AsyncLocalStorage } from 'node:async_hooks'
import { ThrottledCalls } from './throttled-calls.ts'

/**
 * Limits the time for which throttled calls are repeated. All times are those of `performance.now()`. The context is
 * stored in an `AsyncLocalStorage`, because the invocations of all functions share one process in the local program.
 */
export interface CallContext {
  /** The end of the time for throttled calls. */
  readonly until: number
  /** The end of the time for calls that store the result of the invocation, see `whileStoring`. */
  readonly storeUntil: number
  /** The largest time in milliseconds for which one call is repeated. */
  readonly perCallMs: number
  /** If the signal is aborted, calls that wait fail with its reason. */
  readonly signal?: AbortSignal
  /** Counts the throttled attempts. */
  readonly throttled: ThrottledCalls
}

interface BudgetOptions {
  /** The time for throttled calls, in milliseconds. */
  readonly ms: number
  /** Additional time for calls that store the result. The default is 0. */
  readonly storeMs?: number
  /** By default, one call may use the whole budget. */
  readonly perCallMs?: number
}

/**
 * The time for which a call outside of any context is repeated, in milliseconds. It is short, because it is unknown
 * when the caller must have the response.
 */
const DEFAULT_MS = 5_000

const storage = new AsyncLocalStorage<CallContext>()

/** Returns the context of the current call. Outside of any context, returns a new context with the default budget. */
export const callContext = (): CallContext =>
  storage.getStore() ?? {
    until: performance.now() + DEFAULT_MS,
    storeUntil: performance.now() + DEFAULT_MS,
    perCallMs: DEFAULT_MS,
    throttled: new ThrottledCalls(),
  }

/** Calls `work`, which makes one call to AWS, with a context whose `until` is the end of the time for this call. */
export const withinCall = <Output>(work: () => Output): Output => {
  const context = callContext()
  const until = Math.min(context.until, performance.now() + context.perCallMs)
  return storage.run({ ...context, until, perCallMs: Infinity }, work)
}

/** Opens the context of an invocation, and calls `work` in it. */
export const withCallBudget = <Output>(
  { ms, storeMs = 0, perCallMs = Infinity }: BudgetOptions,
  work: () => Output,
): Output => {
  const until = performance.now() + ms
  return storage.run({ until, storeUntil: until + storeMs, perCallMs, throttled: new ThrottledCalls() }, work)
}

/**
 * Calls `work` with the additional time for storing a result. A pass calls this function after a call was throttled
 * until the end of its budget, so that it can still store its finished work.
 */
export const whileStoring = <Output>(work: () => Output): Output => {
  const context = callContext()
  return storage.run({ ...context, until: context.storeUntil }, work)
}

/** Calls `work` with a shorter budget. The time of the current context still applies. */
export const withShorterBudget = <Output>(ms: number, work: () => Output): Output => {
  const context = callContext()
  return storage.run({ ...context, perCallMs: Math.min(context.perCallMs, ms) }, work)
}

/** Calls `work` in a context that counts throttled attempts separately and that `signal` can end. */
export const withPassContext = <Output>(
  pass: { readonly signal: AbortSignal; readonly throttled: ThrottledCalls },
  work: () => Output,
): Output => storage.run({ ...callContext(), ...pass }, work)
