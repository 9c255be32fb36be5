import type { ThrottledCall } from './throttled-error.ts'

/** The attempts of one operation on one table or bucket that AWS throttled. */
export interface ThrottledAttempts {
  /** The service and the table or bucket, such as `DynamoDB table specstar-resources`. */
  readonly by: string
  readonly operation: string
  /** The times of the first and of the last throttled attempt. */
  readonly since: Date
  readonly last_at: Date
  readonly attempts: number
}

/** Counts throttled attempts by operation and by table or bucket. */
export class ThrottledCalls {
  readonly #counted = new Map<string, ThrottledAttempts>()
  #total = 0

  /** The number of all throttled attempts, including those that `take` has returned. */
  get total(): number {
    return this.#total
  }

  add({ service, operation, target }: ThrottledCall, at: Date = new Date()): void {
    this.#total += 1
    const by = target === undefined ? service : `${service} ${target}`
    const key = `${by}\n${operation}`
    const { since, attempts } = this.#counted.get(key) ?? { since: at, attempts: 0 }
    this.#counted.set(key, { by, operation, since, last_at: at, attempts: attempts + 1 })
  }

  /** Returns the attempts since the last call of this method. */
  take(): ThrottledAttempts[] {
    const taken = [...this.#counted.values()]
    this.#counted.clear()
    return taken
  }
}
