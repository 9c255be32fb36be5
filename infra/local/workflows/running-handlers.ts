import type { Json } from '../../../functions/workflows/states.ts'

type Handler = (input: Json) => Promise<Json>

/**
 * Returns the step to which a state belongs. A failed execution runs its work (0), the rollback (1) and the state that
 * ends the job (2), in this order.
 */
const stepOf = (state: string): number => {
  if (/^Fail(Export|Restore)$/.test(state)) return 2
  return /^(Plan)?Rollback/.test(state) ? 1 : 0
}

/**
 * Tracks the active handlers of one execution and enforces the order of their steps.
 *
 * After an item of a map has failed, the interpreter enters the next state while other items are still running. It even
 * starts items that were waiting. This class restores the order of Step Functions: a step starts when all handlers of
 * the previous step have returned, and handlers of the previous step can no longer start.
 */
export class RunningHandlers {
  readonly #active = new Set<Promise<unknown>>()
  #step = 0

  /** Returns a function that calls the handler in the order of steps and tracks the call. */
  track(state: string, handler: Handler): Handler {
    const step = stepOf(state)
    return async (input) => {
      if (step > this.#step) {
        this.#step = step
        await this.#allReturned()
      }
      if (step < this.#step) throw new Error(`${state} was not started, because its execution has failed or ended`)
      const work = handler(input)
      this.#active.add(work)
      try {
        return await work
      } finally {
        this.#active.delete(work)
      }
    }
  }

  /** Prevents further calls of all handlers. Resolves when all active handlers have returned. */
  async close(): Promise<void> {
    this.#step = Infinity
    await this.#allReturned()
  }

  async #allReturned(): Promise<void> {
    await Promise.allSettled(this.#active)
  }
}
