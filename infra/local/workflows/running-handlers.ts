import type { Json } from '../../../functions/workflows/states.ts'

type Handler = (input: Json) => Promise<Json>

/** On its way out an execution only goes on: from its work to taking back what it wrote, and to `Fail`. */
const stepOf = (state: string): number => {
  if (state === 'Fail') return 2
  return /^(Plan)?Rollback/.test(state) ? 1 : 0
}

/**
 * The handlers of one execution that are under way. When a child of a map fails, the interpreter goes on to the next state
 * beside the other children, and even begins those that were waiting: here what is under way returns before a later step
 * begins, and nothing of an earlier one begins after it.
 */
export class RunningHandlers {
  readonly #active = new Set<Promise<unknown>>()
  #step = 0

  tracked(state: string, handler: Handler): Handler {
    const step = stepOf(state)
    return async (input) => {
      if (step > this.#step) {
        this.#step = step
        await this.#returned()
      }
      if (step < this.#step) throw new Error(`${state} does not begin: its execution has failed or ended`)
      const work = handler(input)
      this.#active.add(work)
      try {
        return await work
      } finally {
        this.#active.delete(work)
      }
    }
  }

  /** The execution has ended: no handler begins any more. Resolves when those under way have returned. */
  async close(): Promise<void> {
    this.#step = Infinity
    await this.#returned()
  }

  async #returned(): Promise<void> {
    await Promise.allSettled(this.#active)
  }
}
