import { setTimeout as sleep } from 'node:timers/promises'
import { localContext } from '../../infra/local/program/local-context.ts'
import type { StageHandler } from '../../infra/local/workflows/stage-handler.ts'
import { LocalWorkflowEngine } from '../../infra/local/workflows/local-workflow-engine.ts'
import { hasEnded, type Job } from '../../shared/jobs/job.ts'
import type { Item } from '../../shared/tables/item.ts'
import { makeServices } from '../../shared/runtime/make-services.ts'
import type { Limits } from '../../shared/jobs/limits.ts'
import { setServices } from '../../shared/runtime/current-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { targetOf } from '../../shared/throttling/call-target.ts'
import { type StoreContents, readContents, type StoreClients, wipe } from '../contents.ts'
import { startServices, type TestServers } from '../services.ts'
import { type Fault, injectFaults } from './fault-middleware.ts'
import { faultyStore } from './faulty-store.ts'

/** Where faults are injected: into requests of the SDK clients, or into calls of the stores. */
export type FaultyLayer = 'requests' | 'stores'

/** A call with its number among all calls of the layer since the last `arm`, counted from 1. */
interface Call {
  readonly n: number
  readonly command: string
  /** The table or the bucket. Absent in the layer of the stores. */
  readonly target?: string | undefined
}

/**
 * Runs exports and restores on stores whose calls can fail, and provides clients without faults to inspect the result.
 */
export class FaultHarness {
  readonly services: Services
  readonly clients: StoreClients
  readonly #clean: Services
  readonly #workflows: LocalWorkflowEngine
  readonly #servers: TestServers
  readonly #calls: Call[] = []
  #plan: (call: Call) => Fault | undefined = () => undefined

  private constructor(
    servers: TestServers,
    workflows: LocalWorkflowEngine,
    parts: { readonly faulty: Services; readonly clean: Services },
  ) {
    this.#servers = servers
    this.#workflows = workflows
    this.services = parts.faulty
    this.#clean = parts.clean
    this.clients = { dynamo: servers.dynamo, s3: servers.s3, config: servers.config }
  }

  /** `timeoutMs` is the time limit of the stages. By default, it is the same as on Lambda. */
  static async start(
    limits: Partial<Limits> = {},
    layer: FaultyLayer = 'requests',
    timeoutMs?: number,
  ): Promise<FaultHarness> {
    const servers = await startServices()
    const [dynamoDb, s3] = [servers.newDynamo(), servers.newS3()]
    const load = timeoutMs === undefined ? {} : { load: loadWithTimeout(timeoutMs) }
    const workflows = new LocalWorkflowEngine({ retryMs: 1, ...load })
    const { config } = servers
    const instrumented = await makeServices({ config, dynamoDb, s3, workflows, limits })
    const clean = await makeServices({ config, dynamoDb: servers.dynamo, s3: servers.s3, workflows, limits })
    const next = (call: string, target?: string): Fault | undefined => harness.#next(call, target)
    if (layer === 'requests')
      for (const client of [dynamoDb, s3]) injectFaults(client, (_n, command, input) => next(command, targetOf(input)))
    const faulty = layer === 'requests' ? instrumented : withFaultyStores(instrumented, next)
    setServices(faulty)
    const harness = new FaultHarness(servers, workflows, { faulty, clean })
    return harness
  }

  async stop(): Promise<void> {
    await this.#workflows.close()
    setServices(undefined)
    await this.#servers.stop()
  }

  /** Starts injecting the faults of a plan and counts calls from 1. */
  arm(plan: (call: Call) => Fault | undefined): void {
    this.#calls.length = 0
    this.#plan = plan
  }

  /** Stops injecting faults and returns the calls since `arm`. */
  disarm(): readonly Call[] {
    this.#plan = () => undefined
    return [...this.#calls]
  }

  /**
   * Starts a job and waits until it ends. If a request fails, it is repeated at most twice, like a client does with an
   * `Idempotency-Key`.
   */
  async run(start: (services: Services) => Promise<Job>): Promise<Job> {
    const { job_id } = await withAttempts(3, () => start(this.services))
    for (;;) {
      await this.#workflows.ended(job_id)
      const job = await this.#clean.jobs.get(job_id)
      if (job === undefined) throw new Error(`job ${job_id} does not exist`)
      if (hasEnded(job)) return job
      await sleep(5)
    }
  }

  contents(): Promise<StoreContents> {
    return readContents(this.clients)
  }

  /** Resets the store to exactly these items and objects. */
  async putContents({ items, objects }: StoreContents): Promise<void> {
    await wipe(this.clients)
    const { resources } = this.#clean
    const writer = resources.writer()
    await Promise.all([...items.values()].map((item: Item) => writer.put(item)))
    await writer.drain()
    for (const [key, base64] of objects)
      await this.#clean.objects.put(this.#servers.config.buckets.blobs, key, Buffer.from(base64, 'base64'))
  }

  #next(command: string, target?: string): Fault | undefined {
    const call = { n: this.#calls.length + 1, command, target }
    this.#calls.push(call)
    return this.#plan(call)
  }
}

const loadWithTimeout =
  (timeoutMs: number) =>
  async (kind: string, stage: string): Promise<StageHandler> => {
    const { handler } = (await import(`../../functions/${kind}/${stage}.ts`)) as { handler: StageHandler }
    return (input) => handler(input, localContext(stage, 'test', timeoutMs))
  }

const STORES = ['resources', 'blobs', 'payloads', 'objects', 'workFiles', 'jobs', 'leases'] as const

const withFaultyStores = (services: Services, next: (call: string) => Fault | undefined): Services => ({
  ...services,
  ...Object.fromEntries(STORES.map((name) => [name, faultyStore<object>(services[name], name, next)])),
})

const withAttempts = async <T>(left: number, attempt: () => Promise<T>): Promise<T> => {
  try {
    return await attempt()
  } catch (error) {
    if (left <= 1) throw error
    return withAttempts(left - 1, attempt)
  }
}
