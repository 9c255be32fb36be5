import { backoffMs } from './backoff.ts'
import { callContext } from './call-context.ts'
import { pause } from './pause.ts'
import { type ThrottledCall, ThrottledError } from './throttled-error.ts'

const UNPROCESSED = new Error('the service returned the rest of the batch as unprocessed')

/**
 * Returns true if DynamoDB processed nothing of a batch, which means that the batch was throttled. DynamoDB can also
 * leave a part of a batch unprocessed because the response would be too large.
 */
export const isUnprocessed = (input: object, output: object): boolean => {
  const requested = countIn(input, 'RequestItems')
  return requested > 0 && requested === countIn(output, 'UnprocessedItems') + countIn(output, 'UnprocessedKeys')
}

/** Returns the number of items or keys in a member of a request or of a response. */
const countIn = (message: object, member: string): number => {
  const tables: unknown = Object.entries(message).find(([name]) => name === member)?.[1]
  if (typeof tables !== 'object' || tables === null) return 0
  return Object.values(tables)
    .map((table: unknown) => (Array.isArray(table) ? table.length : keysIn(table)))
    .reduce((sum, count) => sum + count, 0)
}

const keysIn = (table: unknown): number =>
  typeof table === 'object' && table !== null && 'Keys' in table && Array.isArray(table.Keys) ? table.Keys.length : 0

/** Waits before the unprocessed part of a batch is sent again. Create an instance for each batch. */
export class UnprocessedBackoff {
  readonly #call: ThrottledCall
  readonly #wait: (ms: number) => Promise<void>
  #startedAt = performance.now()
  #attempt = 0

  /** Tests replace `wait` to save time. */
  constructor(call: ThrottledCall, wait?: (ms: number) => Promise<void>) {
    this.#call = call
    this.#wait = wait ?? ((ms) => pause(ms, callContext().signal))
  }

  /**
   * Waits. `hasProcessed` is true if the last attempt has processed a part of the batch. Throws `ThrottledError` if
   * nothing was processed until the budget of the context was used up.
   */
  async next(hasProcessed: boolean): Promise<void> {
    const now = performance.now()
    if (hasProcessed) {
      this.#startedAt = now
      this.#attempt = 0
    }
    this.#attempt += 1
    const { until, perCallMs } = callContext()
    const left = Math.min(until, this.#startedAt + perCallMs) - now
    if (left <= 0) throw new ThrottledError(this.#call, now - this.#startedAt, UNPROCESSED)
    await this.#wait(Math.min(left, backoffMs(this.#attempt)))
  }
}
