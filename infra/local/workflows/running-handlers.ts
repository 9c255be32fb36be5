import type { Json } from '../../../functions/workflows/states.ts'

type Handler = (input: Json) => Promise<Json>

/**
 * The order of the steps in which an execution ends: its work, the rollback, and the state that reports the failure.
 */
const stepOf = (state: string): number => {
  if (/^Fail(Export|Restore)$/.test(state)) return 2
  return /^(Plan)?Rollback/.test(state) ? 1 : 0
}

/**
 * The active handlers of one execution.
 *
 * When a child of a map fails, the interpreter enters the next state while other children still run, and even starts
 * children that were waiting. This class enforces the order of AWS: a later step starts after all handlers of the
 * earlier step have returned, and no handler of an earlier step starts after that.
 */
export class RunningHandlers {
  readonly #active = new Set<Promise<unknown>>()
  #step = 0

  /** Wraps a handler, so that its calls are tracked and follow the order of steps. */
  track(state: string, handler: Handler): Handler {
    const step = stepOf(state)
    return async (input) => {
      if (step > this.#step) {
        this.#step = step
        await this.#allReturned()
      }
      if (step < this.#step) throw new Error(`${state} was not started: its execution has failed or ended`)
      const work = handler(input)
      this.#active.add(work)
      try {
        return await work
      } finally {
        this.#active.delete(work)
      }
    }
  }

  /** Prevents further calls at the end of the execution. Resolves when all active handlers have returned. */
  async close(): Promise<void> {
    this.#step = Infinity
    await this.#allReturned()
  }

  async #allReturned(): Promise<void> {
    await Promise.allSettled(this.#active)
  }
}
