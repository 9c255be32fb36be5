/** After this time, a repeated request gets a new key, because the user probably wants to start another job. */
const KEPT_MS = 10 * 60_000

interface Kept {
  readonly key: string
  readonly since: number
}

/**
 * The idempotency keys of requests that change something and have no answer yet. If the answer is lost and the user
 * repeats the request, it has the same key, so it does not start a second job.
 */
export class RequestKeys {
  readonly #kept = new Map<string, Kept>()
  readonly #create: () => string

  constructor(create: () => string) {
    this.#create = create
  }

  /** Returns the key of a request, which is identified by its path and body. */
  keyFor(request: string, now: number): string {
    const kept = this.#kept.get(request)
    if (kept !== undefined && now - kept.since < KEPT_MS) return kept.key
    const key = this.#create()
    this.#kept.set(request, { key, since: now })
    return key
  }

  /**
   * Drops the key of a request that was answered. Keeps it after an error of the server, because the job may exist
   * nevertheless.
   */
  answered(request: string, status: number): void {
    if (status < 500) this.#kept.delete(request)
  }
}
