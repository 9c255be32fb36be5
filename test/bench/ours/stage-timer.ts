import type { StageHandler } from '../../../infra/local/workflows/stage-handler.ts'

/** Measures the stages of a job: the time from the first call of a stage to the end of its last call. */
export class StageTimer {
  readonly #spans = new Map<string, { readonly began: number; ended: number }>()
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
      try {
        return await handler(input, context)
      } finally {
        span.ended = this.#now()
      }
    }
  }

  /** Returns the seconds of each stage since the last call of this method. */
  take(): Record<string, number> {
    const seconds = Object.fromEntries(
      [...this.#spans].map(([stage, { began, ended }]) => [stage, (ended - began) / 1000] as const),
    )
    this.#spans.clear()
    return seconds
  }
}
