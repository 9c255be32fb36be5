import type { LocalStores } from '../stores/local-stores.ts'
import type { ApiClient } from './api-client.ts'
import { check, DemoFailedError } from './check.ts'
import { showProgress } from './progress.ts'
import { differences, digestOf, type Snapshot, snapshotOf } from './snapshot.ts'
import type { Step } from './tables.ts'

/** What the chapters of the demo share: the program's doors, plain clients of its store, and the times that steps took. */
export class Telling {
  readonly api: ApiClient
  readonly stores: LocalStores
  readonly #steps: Step[] = []

  constructor(api: ApiClient, stores: LocalStores) {
    this.api = api
    this.stores = stores
  }

  get steps(): readonly Step[] {
    return this.#steps
  }

  /** Does one step, which goes through all that the store holds, under its title and notes how long it took. */
  step<T>(name: string, title: string, work: () => Promise<T>): Promise<T> {
    return this.#timed({ name, whole: true }, title, work)
  }

  /** A step that goes through a part of the store. */
  part<T>(name: string, title: string, work: () => Promise<T>): Promise<T> {
    return this.#timed({ name, whole: false }, title, work)
  }

  async #timed<T>(step: Omit<Step, 'seconds'>, title: string, work: () => Promise<T>): Promise<T> {
    console.log(`\n${title}`)
    const start = performance.now()
    const result = await work()
    this.#steps.push({ ...step, seconds: (performance.now() - start) / 1000 })
    return result
  }

  /** Waits for a job, showing how far it is; its result. Throws `DemoFailedError` where it does not succeed. */
  async job(jobId: string): Promise<unknown> {
    const progress = showProgress()
    try {
      return await this.api.finished(jobId, ({ status, phase = status, progress: counts }) => {
        progress.update(phase, counts?.done ?? 0, counts?.total ?? 0)
      })
    } finally {
      progress.end()
    }
  }

  /** Everything that the store holds now. */
  snapshot(): Promise<Snapshot> {
    const { dynamo, s3, config } = this.stores
    return snapshotOf(dynamo, config.tables.resources, s3, config.buckets.blobs)
  }

  /** Checks that the store holds exactly what it held then, byte for byte. */
  async checkSame(then: Snapshot): Promise<void> {
    const now = await this.snapshot()
    for (const what of ['items', 'blobs'] as const) {
      const [different] = differences(now[what], then[what])
      if (different !== undefined) throw new DemoFailedError(`${what} are not as before, the first is ${different}`)
      const digest = digestOf(now[what])
      check(
        `all ${now[what].size.toLocaleString('en')} ${what} are as before, sha256 ${digest.slice(0, 16)}…`,
        digest,
        digestOf(then[what]),
      )
    }
  }
}
