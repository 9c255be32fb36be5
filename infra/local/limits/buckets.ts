import { type Rate, TokenBucket, type Usage } from './token-bucket.ts'

/** The usage of one bucket. `name` is, for example, `table specstar-jobs`. */
export interface NamedUsage extends Usage {
  readonly name: string
  readonly unitsPerSecond: number
}

/** The buckets of one service by their names. A bucket is created by the first request that needs it. */
export class Buckets {
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #now: () => number

  /** `now` returns the time in seconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  get(name: string, rate: Rate): TokenBucket {
    const existing = this.#buckets.get(name)
    if (existing !== undefined) return existing
    const bucket = new TokenBucket(rate, this.#now())
    this.#buckets.set(name, bucket)
    return bucket
  }

  /**
   * Takes units from all of these buckets if each of them admits the request. Otherwise, counts a refused request in
   * each bucket that did not admit it, and returns the first of them.
   */
  take(buckets: readonly TokenBucket[], units: number): TokenBucket | undefined {
    const now = this.#now()
    const refusing = buckets.filter((bucket) => !bucket.admits(now))
    for (const bucket of refusing) bucket.refuse(now)
    if (refusing.length === 0) for (const bucket of buckets) bucket.take(units)
    return refusing[0]
  }

  usage(): NamedUsage[] {
    return [...this.#buckets].map(([name, bucket]) => ({
      name,
      unitsPerSecond: bucket.rate.unitsPerSecond,
      ...bucket.usage(),
    }))
  }

  restartUsage(): void {
    for (const bucket of this.#buckets.values()) bucket.restartUsage()
  }
}
