import { longestDelay, type Retrier, retrierFor } from './parsed-definition.ts'

/** The error with which Lambda rejects an invocation if too many functions are running. */
const THROTTLED = 'Lambda.TooManyRequestsException'

/** The time between two passes of an item, in seconds. In this time, another item can take the free function. */
const TRANSITION_SECONDS = 0.2

export interface SimulatedMap {
  readonly retriers: readonly Retrier[]
  /** The number of functions that may run at the same time. */
  readonly limit: number
  /** The durations of the passes of each item, in seconds. */
  readonly items: readonly (readonly number[])[]
  /** Returns a number from 0 to 1. */
  readonly random: () => number
}

interface Outcome {
  readonly succeeded: boolean
  /** The time until the last item has ended, in seconds. */
  readonly seconds: number
  /** The part of the time of all allowed functions in which they ran. */
  readonly used: number
}

/**
 * Simulates a map in an account with a limited number of functions, with a virtual clock. All items start at once.
 * An invocation above the limit fails, and is retried as the retriers define. The map fails if one item fails.
 */
export const simulateMap = ({ retriers, limit, items, random }: SimulatedMap): Outcome => {
  const events: { readonly at: number; readonly run: (now: number) => void }[] = []
  const after = (at: number, run: (now: number) => void): void => {
    events.push({ at, run })
  }
  let running = 0
  let busySeconds = 0
  const outcome = { failed: false }
  const startPass = (passes: readonly number[], pass: number, retries: number, now: number): void => {
    const seconds = passes[pass]
    if (seconds === undefined) return
    if (running >= limit) {
      const retrier = retrierFor(retriers, THROTTLED)
      if (retrier === undefined || retries >= retrier.MaxAttempts) outcome.failed = true
      else
        after(now + random() * longestDelay(retrier, retries), (then) => {
          startPass(passes, pass, retries + 1, then)
        })
      return
    }
    running += 1
    busySeconds += seconds
    after(now + seconds, (then) => {
      running -= 1
      after(then + TRANSITION_SECONDS, (next) => {
        startPass(passes, pass + 1, 0, next)
      })
    })
  }
  for (const passes of items) startPass(passes, 0, 0, 0)
  let now = 0
  while (events.length > 0 && !outcome.failed) {
    events.sort((a, b) => b.at - a.at)
    const next = events.pop()
    if (next === undefined) break
    now = next.at
    next.run(now)
  }
  return { succeeded: !outcome.failed, seconds: now, used: busySeconds / (limit * now) }
}
