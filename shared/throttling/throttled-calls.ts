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
  readonly #all = new Map<string, ThrottledAttempts>()
  readonly #new = new Map<string, ThrottledAttempts>()

  add({ service, operation, target }: ThrottledCall, at: Date = new Date()): void {
    const by = target === undefined ? service : `${service} ${target}`
    const key = `${by}\n${operation}`
    for (const counted of [this.#all, this.#new]) {
      const { since, attempts } = counted.get(key) ?? { since: at, attempts: 0 }
      counted.set(key, { by, operation, since, last_at: at, attempts: attempts + 1 })
    }
  }

  /** All throttled attempts. */
  get totals(): ThrottledAttempts[] {
    return [...this.#all.values()]
  }

  /** Returns the attempts since the last call of this method. */
  take(): ThrottledAttempts[] {
    const taken = [...this.#new.values()]
    this.#new.clear()
    return taken
  }
}
