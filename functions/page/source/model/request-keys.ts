/** After this time, the user who repeats a request wants something new. */
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

  /** Is called with the status of each answer. After an error of the server, the job may exist nevertheless. */
  answered(request: string, status: number): void {
    if (status < 500) this.#kept.delete(request)
  }
}
