/** The number of attempts in flight before the first throttled attempt. A client has as many sockets. */
export const MAX_IN_FLIGHT = 64
/**
 * The limits of the pause between two attempts, in milliseconds. With the longest pause, 64 workers still send 64
 * attempts a second, which is more than one partition serves.
 */
const MIN_GAP_MS = 20
const MAX_GAP_MS = 1_000

/** The result of an attempt: `other` is any error except throttling. */
export type AttemptOutcome = 'succeeded' | 'throttled' | 'other'

/**
 * Limits the attempts in flight to one table or bucket. The limit increases by one after as many successful attempts
 * as the limit allows, and halves after a throttled attempt (additive increase, multiplicative decrease). If the limit
 * is 1, there is a pause between two attempts, which doubles after each throttled attempt and halves after each
 * successful one. If a service is saturated, about half of the attempts are therefore throttled.
 *
 * Attempts that wait begin in the order of their calls.
 *
 * In a simulation of a saturated partition (`test/throttling/saturation.test.ts`), 1, 12 and 64 workers with this limit
 * use more than 99 % of the offered units. With the SDK's `DefaultRateLimiter` (retry mode `adaptive`), they use about
 * as many. It is not used here for two reasons: a client has only one rate for all of its tables and buckets, so that a
 * throttled resource table slows down the job table several times over, and a call that waits for the rate limiter does
 * not end with the budget of its context.
 */
export class AttemptLimit {
  /** The functions that begin the waiting attempts, in the order of their calls. */
  readonly #waiting: (() => void)[] = []
  #limit = MAX_IN_FLIGHT
  #inFlight = 0
  #gapMs = 0
  #nextAt = 0
  /** The time of the last decrease. Later results of attempts that began earlier do not decrease the limit again. */
  #decreasedAt = -Infinity
  #hasTimer = false

  /** The number of attempts that may be in flight at the same time. */
  get limit(): number {
    return Math.floor(this.#limit)
  }

  /**
   * Waits until an attempt may begin, but not longer than `deadline`. Every call is therefore sent at least once.
   * Returns a function that the caller must call with the outcome of the attempt. If the signal is aborted, rejects
   * with its reason.
   */
  async begin(deadline: number, signal?: AbortSignal): Promise<(outcome: AttemptOutcome) => void> {
    if (!this.#mayBegin()) await this.#wait(deadline, signal)
    const startedAt = performance.now()
    return (outcome) => {
      this.#end(outcome, startedAt)
    }
  }

  /** Begins an attempt if no other attempt waits and the limit allows it. */
  #mayBegin(): boolean {
    if (this.#waiting.length > 0 || this.#inFlight >= this.limit || performance.now() < this.#nextAt) return false
    this.#start()
    return true
  }

  #start(): void {
    this.#inFlight += 1
    // The pause is random, so that workers that were throttled together do not send their next attempts together.
    if (this.#gapMs > 0) this.#nextAt = performance.now() + this.#gapMs * 2 * Math.random()
  }

  #wait(deadline: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(expiry)
        signal?.removeEventListener('abort', abort)
        this.#waiting.splice(this.#waiting.indexOf(begin), 1)
      }
      const begin = (): void => {
        leave()
        this.#start()
        resolve()
      }
      const abort = (): void => {
        leave()
        reject(signal?.reason instanceof Error ? signal.reason : new Error('the call was aborted'))
      }
      const expiry = setTimeout(begin, Math.max(0, deadline - performance.now()))
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.push(begin)
      this.#beginWaiting()
    })
  }

  /** Begins as many waiting attempts as the limit and the pause allow. */
  #beginWaiting(): void {
    while (this.#waiting.length > 0 && this.#inFlight < this.limit) {
      const pauseMs = this.#nextAt - performance.now()
      if (pauseMs > 0) {
        this.#beginLater(pauseMs)
        return
      }
      this.#waiting[0]?.()
    }
  }

  #beginLater(ms: number): void {
    if (this.#hasTimer) return
    this.#hasTimer = true
    setTimeout(() => {
      this.#hasTimer = false
      this.#beginWaiting()
    }, ms)
  }

  #end(outcome: AttemptOutcome, startedAt: number): void {
    if (outcome === 'succeeded') this.#increase()
    if (outcome === 'throttled' && startedAt >= this.#decreasedAt) this.#decrease()
    this.#inFlight -= 1
    this.#beginWaiting()
  }

  #increase(): void {
    if (this.#gapMs === 0) this.#limit = Math.min(MAX_IN_FLIGHT, this.#limit + 1 / this.#limit)
    else this.#gapMs = this.#gapMs / 2 < MIN_GAP_MS ? 0 : this.#gapMs / 2
  }

  #decrease(): void {
    if (this.#limit < 2) this.#gapMs = Math.min(MAX_GAP_MS, Math.max(MIN_GAP_MS, this.#gapMs * 2))
    this.#limit = Math.max(1, Math.min(this.#limit, this.#inFlight) / 2)
    this.#decreasedAt = performance.now()
  }
}
