import type { Json } from '../../../functions/workflows/states.ts'

/** Thrown instead of running a function, as Step Functions reports it if Lambda refuses the invocation. */
class TooManyRequestsError extends Error {
  override readonly name = 'Lambda.TooManyRequestsException'
}

/** Limits the number of functions that run at the same time, as the concurrency of an AWS account does. */
export class FunctionConcurrency {
  readonly #limit: number
  #running = 0
  #refused = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The number of refused invocations. */
  get refused(): number {
    return this.#refused
  }

  /** Returns a function that throws `Lambda.TooManyRequestsException` while too many functions are running. */
  limit(run: (input: Json) => Promise<Json>): (input: Json) => Promise<Json> {
    return async (input) => {
      if (this.#running >= this.#limit) {
        this.#refused += 1
        throw new TooManyRequestsError('Rate Exceeded.')
      }
      this.#running += 1
      try {
        return await run(input)
      } finally {
        this.#running -= 1
      }
    }
  }
}
