import type { StageHandler } from '../../../infra/local/workflows/stage-handler.ts'

/** Measures the stages of a job: the time from the first call of a stage to the end of its last call. */
export class StageTimer {
  readonly #spans = new Map<string, { readonly began: number; ended: number }>()
  readonly #running = new Set<Promise<unknown>>()
  readonly #now: () => number

  /** `now` returns the time in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Returns a handler that measures each call of a handler. */
  time(stage: string, handler: StageHandler): StageHandler {
    return async (input, context) => {
      const span = this.#spans.get(stage) ?? { began: this.#now(), ended: 0 }
      this.#spans.set(stage, span)
      const call = handler(input, context)
      this.#running.add(call)
      try {
        return await call
      } finally {
        this.#running.delete(call)
        span.ended = this.#now()
      }
    }
  }

  /**
   * Waits until no call is running, and returns the seconds of each stage since the last call of this method. A job
   * ends before its last stage returns.
   */
  async take(): Promise<Record<string, number>> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
    const seconds = Object.fromEntries(
      [...this.#spans].map(([stage, { began, ended }]) => [stage, (ended - began) / 1000] as const),
    )
    this.#spans.clear()
    return seconds
  }
}
