import type { Json } from '../../functions/workflows/states.ts'
import type { StageHandler } from '../../infra/local/workflows/stage-handler.ts'
import type { BucketUsage, LimitsClient } from '../infra/local/limits/limits-client.ts'

/** One pass, or a stage without passes. */
export interface Invocation {
  /** The stage, the map item and the pass, such as `verify 3 0`. */
  readonly name: string
  readonly isPass: boolean
  attempts: number
  readonly errors: string[]
}

/** The usage of one table, partition or prefix while a stage ran. */
export interface StageUsage extends BucketUsage {
  readonly stage: string
}

/** Records what the stages of one job do, and measures the usage of the services for each stage. */
export class JobRecorder {
  readonly invocations = new Map<string, Invocation>()
  readonly usage: StageUsage[] = []
  readonly #services: readonly LimitsClient[]
  #stage: string | undefined
  #measurementBegan: Promise<void> = Promise.resolve()

  constructor(services: readonly LimitsClient[]) {
    this.#services = services
  }

  record(stage: string, handler: StageHandler): StageHandler {
    return async (input, context) => {
      await this.#enter(stage)
      const invocation = this.#invocation(stage, input)
      invocation.attempts += 1
      try {
        return await handler(input, context)
      } catch (error) {
        invocation.errors.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
        throw error
      }
    }
  }

  /** Ends the measurement of the last stage. */
  async end(): Promise<void> {
    await this.#enter(undefined)
  }

  /** Begins a new measurement if another stage begins. */
  #enter(stage: string | undefined): Promise<void> {
    if (stage === this.#stage) return this.#measurementBegan
    const ended = this.#stage
    this.#stage = stage
    this.#measurementBegan = this.#measurementBegan.then(async () => {
      for (const service of this.#services)
        for (const bucket of await service.restart())
          if (ended !== undefined && bucket.used + bucket.refused > 0) this.usage.push({ stage: ended, ...bucket })
    })
    return this.#measurementBegan
  }

  #invocation(stage: string, input: Json): Invocation {
    const { n, pass } = input as { readonly n?: number; readonly pass?: number }
    const name = `${stage} ${n ?? ''} ${pass ?? ''}`
    const invocation = this.invocations.get(name) ?? { name, isPass: pass !== undefined, attempts: 0, errors: [] }
    this.invocations.set(name, invocation)
    return invocation
  }
}
