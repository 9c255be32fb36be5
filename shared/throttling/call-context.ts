import { AsyncLocalStorage } from 'node:async_hooks'
import { ThrottledCalls } from './throttled-calls.ts'

/**
 * Limits the time for which throttled calls are repeated. All times are those of `performance.now()`. The context is
 * stored in an `AsyncLocalStorage`, because the invocations of all functions share one process in the local program.
 */
export interface CallContext {
  /** The end of the time for throttled calls. */
  readonly until: number
  /** The largest time in milliseconds for which one call is repeated. */
  readonly perCallMs: number
  /** If the signal is aborted, calls that wait fail with its reason. */
  readonly signal?: AbortSignal
  /** Called before each attempt. If it throws, the attempt is not sent. */
  readonly guard?: Guard | undefined
  /** Counts the throttled attempts. */
  readonly throttled: ThrottledCalls
}

/** A check before an attempt, such as the check of a lease. */
export type Guard = () => Promise<void>

/** The budget of an invocation. Its time can be extended once, to store the result of the invocation. */
class Budget {
  readonly #storeUntil: number
  #until: number

  constructor(until: number, storeUntil: number) {
    this.#until = until
    this.#storeUntil = storeUntil
  }

  get until(): number {
    return this.#until
  }

  beginStoring(): void {
    this.#until = this.#storeUntil
  }

  copy(): Budget {
    return new Budget(this.#until, this.#storeUntil)
  }
}

interface StoredContext {
  readonly budget: Budget
  /** The end of the time for the current call. */
  readonly callUntil: number
  readonly perCallMs: number
  readonly signal?: AbortSignal
  readonly guard?: Guard | undefined
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

const storage = new AsyncLocalStorage<StoredContext>()

const newContext = ({ ms, storeMs = 0, perCallMs = Infinity }: BudgetOptions): StoredContext => {
  const until = performance.now() + ms
  return { budget: new Budget(until, until + storeMs), callUntil: Infinity, perCallMs, throttled: new ThrottledCalls() }
}

/** Outside of any context, returns a new context with the default budget. */
const stored = (): StoredContext => storage.getStore() ?? newContext({ ms: DEFAULT_MS })

/** Returns the context of the current call. */
export const callContext = (): CallContext => {
  const { budget, callUntil, ...context } = stored()
  return { ...context, until: Math.min(budget.until, callUntil) }
}

/** Calls `work`, which makes one call to AWS, with a context whose `until` is the end of the time for this call. */
export const withinCall = <Output>(work: () => Output): Output => {
  const context = stored()
  const callUntil = Math.min(context.budget.until, context.callUntil, performance.now() + context.perCallMs)
  return storage.run({ ...context, callUntil, perCallMs: Infinity }, work)
}

/** Opens the context of an invocation, and calls `work` in it. */
export const withCallBudget = <Output>(options: BudgetOptions, work: () => Output): Output =>
  storage.run(newContext(options), work)

/**
 * Calls `work` in a context that counts throttled attempts separately, that `signal` can end, and whose budget
 * `beginStoring` can extend.
 */
export const withPassContext = <Output>(
  pass: { readonly signal: AbortSignal; readonly throttled: ThrottledCalls },
  work: () => Output,
): Output => {
  const context = stored()
  return storage.run({ ...context, ...pass, budget: context.budget.copy() }, work)
}

/**
 * Extends the budget of the current context by the time for storing a result. A pass calls this function after a call
 * was throttled until the end of its budget, so that it can still store its finished work.
 */
export const beginStoring = (): void => {
  stored().budget.beginStoring()
}

/** Calls `work`, which stores a result, with the budget that `beginStoring` extends. */
export const whileStoring = <Output>(work: () => Output): Output => {
  const context = stored()
  const budget = context.budget.copy()
  budget.beginStoring()
  return storage.run({ ...context, budget }, work)
}

/** Calls `work` with a shorter budget for each call. The budget of the current context still applies. */
export const withShorterBudget = <Output>(ms: number, work: () => Output): Output => {
  const context = stored()
  return storage.run({ ...context, perCallMs: Math.min(context.perCallMs, ms) }, work)
}

/**
 * Calls `work` with one budget for all its calls together. After it, throttled calls are not repeated. The budget of
 * the current context still applies.
 */
export const withTotalBudget = <Output>(ms: number, work: () => Output): Output => {
  const context = stored()
  return storage.run({ ...context, callUntil: Math.min(context.callUntil, performance.now() + ms) }, work)
}

/**
 * Calls `work`. Before each attempt of its calls, also before the attempts that the SDK repeats, calls `guard`. If the
 * guard throws, the attempt is not sent, and the call fails with the thrown error. The guard runs after the wait for
 * the limit of attempts in flight. The calls of the guard itself are not guarded.
 */
export const withGuard = <Output>(guard: Guard, work: () => Output): Output => {
  const guarded: Guard = () => storage.run({ ...stored(), guard: undefined }, guard)
  return storage.run({ ...stored(), guard: guarded }, work)
}
