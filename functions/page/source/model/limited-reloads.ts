/**
 * A job ends before its check or its proof of an archive is recorded. A list that was requested this time after the end
 * of the job contains them.
 */
const RECORDED_MS = 8_000

/** The least time between two reloads. The server sends a request to S3 for each archive of a list. */
const INTERVAL_MS = 10_000

/** Reloads a list of archives after jobs have ended: soon, and again when their results are recorded. */
export class LimitedReloads {
  readonly #reload: () => void
  /** Is set until the next reload is allowed. */
  #timer: ReturnType<typeof setTimeout> | undefined
  #recordedAt = -Infinity

  constructor(reload: () => void) {
    this.#reload = reload
  }

  jobEnded(): void {
    this.#recordedAt = Date.now() + RECORDED_MS
    if (this.#timer === undefined) this.#run()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #run(): void {
    const startedAt = Date.now()
    this.#reload()
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (startedAt < this.#recordedAt) this.#run()
    }, INTERVAL_MS)
  }
}
