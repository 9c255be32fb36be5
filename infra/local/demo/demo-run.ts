import { styleText } from 'node:util'
import type { LocalStores } from '../stores/local-stores.ts'
import type { ApiClient } from './api-client.ts'
import { check, DemoFailedError } from './check.ts'
import { showProgress } from './progress.ts'
import { differences, digestOf, type Snapshot, snapshotOf } from './snapshot.ts'
import type { OperationTime } from './tables.ts'

/**
 * The state that all steps of the demo share. It contains the API client, AWS clients for the store, and the measured
 * times.
 */
export class DemoRun {
  readonly api: ApiClient
  readonly stores: LocalStores
  readonly #steps: number
  readonly #timings: OperationTime[] = []
  #step = 0

  constructor(api: ApiClient, stores: LocalStores, steps: number) {
    this.api = api
    this.stores = stores
    this.#steps = steps
  }

  get timings(): readonly OperationTime[] {
    return this.#timings
  }

  /** Prints the heading of the next step. */
  beginStep(title: string): void {
    this.#step += 1
    console.log(`\n${styleText(['bold', 'cyan'], `Step ${this.#step} of ${this.#steps}: ${title}`)}`)
  }

  /** Runs an operation that reads or writes the whole store, and measures its time. */
  timeWholeStore<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#time(name, true, work)
  }

  /** Runs an operation that reads or writes a part of the store, and measures its time. */
  timePart<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#time(name, false, work)
  }

  async #time<T>(name: string, wholeStore: boolean, work: () => Promise<T>): Promise<T> {
    const start = performance.now()
    const result = await work()
    this.#timings.push({ name, wholeStore, seconds: (performance.now() - start) / 1000 })
    return result
  }

  /**
   * Waits for the end of a job and shows its progress. Returns the result of the job. Throws `DemoFailedError` if the
   * job does not succeed.
   */
  async job(jobId: string): Promise<unknown> {
    const progress = showProgress()
    try {
      return await this.api.waitForJob(jobId, ({ status, phase = status, progress: counts }) => {
        progress.update(phase, counts?.done ?? 0, counts?.total ?? 0)
      })
    } finally {
      progress.end()
    }
  }

  /** Reads the current content of the store. */
  snapshot(): Promise<Snapshot> {
    const { dynamo, s3, config } = this.stores
    return snapshotOf(dynamo, config.tables.resources, s3, config.buckets.blobs)
  }

  /** Checks that the content of the store is equal to an earlier snapshot, byte for byte. */
  async checkUnchanged(before: Snapshot): Promise<void> {
    const now = await this.snapshot()
    for (const kind of ['items', 'blobs'] as const) {
      const [firstDifference] = differences(now[kind], before[kind])
      if (firstDifference !== undefined)
        throw new DemoFailedError(
          `the ${kind} in the store differ from the original data; the first difference is at ${firstDifference}`,
        )
      const count = now[kind].size.toLocaleString('en')
      const digest = digestOf(now[kind])
      check(
        `all ${count} ${kind} are identical to the original data (SHA-256 ${digest.slice(0, 16)}…)`,
        digest,
        digestOf(before[kind]),
      )
    }
  }
}
