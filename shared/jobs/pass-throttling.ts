import { METRIC } from '../telemetry/metric-names.ts'
import { addMetric, logger } from '../telemetry/telemetry.ts'
import { ThrottledCalls } from '../throttling/throttled-calls.ts'
import type { JobStore } from './aws/job-store.ts'

/**
 * The shortest time between two writes of one pass. All workers of a job write to the same few items, so they must not
 * write often.
 */
const STORE_EVERY_MS = 30_000

interface PassThrottlingServices {
  readonly jobs: { readonly throttled: Pick<JobStore['throttled'], 'add'> }
}

/** Records which calls of one pass were throttled. */
export class PassThrottling {
  readonly #jobs: PassThrottlingServices['jobs']
  readonly #jobId: string
  readonly calls = new ThrottledCalls()
  #storedAt = -Infinity

  constructor(jobs: PassThrottlingServices['jobs'], jobId: string) {
    this.#jobs = jobs
    this.#jobId = jobId
  }

  /** Adds the throttled attempts since the last write to those of the job, but at most every 30 seconds. */
  async store(): Promise<void> {
    if (performance.now() - this.#storedAt < STORE_EVERY_MS) return
    const attempts = this.calls.take()
    if (attempts.length === 0) return
    this.#storedAt = performance.now()
    await this.#jobs.throttled.add(this.#jobId, attempts)
  }

  /** Logs the throttled attempts of the pass, and adds them to a metric. Does nothing if there are none. */
  report(pass: { readonly job_id: string; readonly stage: string; readonly n: number; readonly pass: number }): void {
    const attempts = this.calls.totals
    if (attempts.length === 0) return
    logger.warn('calls of a pass were throttled', { ...pass, throttled: attempts })
    addMetric(
      METRIC.throttledCalls,
      attempts.reduce((sum, each) => sum + each.attempts, 0),
    )
  }
}
