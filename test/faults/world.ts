import { setTimeout as sleep } from 'node:timers/promises'
import { LocalWorkflowEngine } from '../../infra/local/workflows/local-workflow-engine.ts'
import { hasEnded, type Job } from '../../shared/jobs/job.ts'
import type { Item } from '../../shared/tables/item.ts'
import { makeServices } from '../../shared/runtime/make-services.ts'
import type { Limits } from '../../shared/jobs/limits.ts'
import { setServices } from '../../shared/runtime/current-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { type Contents, contentsOf, type Outside, wipe } from '../contents.ts'
import { startServices, type TestServers } from '../services.ts'
import { type Fault, injectFaults } from './fault-middleware.ts'
import { faultyStore } from './faulty-store.ts'

/** Where faults are put: on every request of the SDK's clients, or on every call of a store. */
export type FaultyLayer = 'requests' | 'stores'

/** A call that the services made, by its place among all calls of that layer since the last `arm`. */
export interface Call {
  readonly n: number
  readonly command: string
}

/** Export and restore over stores whose every call can be made to fail, and clean clients to look at what is left. */
export class FaultyWorld {
  readonly services: Services
  readonly outside: Outside
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
    this.outside = { dynamo: servers.dynamo, s3: servers.s3, config: servers.config }
  }

  static async start(limits: Partial<Limits> = {}, layer: FaultyLayer = 'requests'): Promise<FaultyWorld> {
    const servers = await startServices()
    const [dynamoDb, s3] = [servers.newDynamo(), servers.newS3()]
    const workflows = new LocalWorkflowEngine({ retryMs: 1 })
    const { config } = servers
    const own = await makeServices({ config, dynamoDb, s3, workflows, limits })
    const clean = await makeServices({ config, dynamoDb: servers.dynamo, s3: servers.s3, workflows, limits })
    const next = (call: string): Fault | undefined => world.#next(call)
    if (layer === 'requests') for (const client of [dynamoDb, s3]) injectFaults(client, (_n, command) => next(command))
    const faulty = layer === 'requests' ? own : withFaultyStores(own, next)
    setServices(faulty)
    const world = new FaultyWorld(servers, workflows, { faulty, clean })
    return world
  }

  async stop(): Promise<void> {
    await this.#workflows.close()
    setServices(undefined)
    await this.#servers.stop()
  }

  /** Counts calls from 1 again, each with the fault that the plan gives it. */
  arm(plan: (call: Call) => Fault | undefined): void {
    this.#calls.length = 0
    this.#plan = plan
  }

  /** The calls since `arm`; no more faults. */
  disarm(): readonly Call[] {
    this.#plan = () => undefined
    return [...this.#calls]
  }

  /**
   * Starts a job as a client would who repeats a request that got no answer (by its `Idempotency-Key`), and waits for its end.
   * Throws where a third try fails too.
   */
  async run(start: (services: Services) => Promise<Job>): Promise<Job> {
    const { job_id } = await tries(3, () => start(this.services))
    for (;;) {
      await this.#workflows.ended(job_id)
      const job = await this.#clean.jobs.get(job_id)
      if (job === undefined) throw new Error(`job ${job_id} is gone`)
      if (hasEnded(job)) return job
      await sleep(5)
    }
  }

  contents(): Promise<Contents> {
    return contentsOf(this.outside)
  }

  /** Makes the store what it was: exactly these items and blobs. */
  async putContents({ items, objects }: Contents): Promise<void> {
    await wipe(this.outside)
    const { resources } = this.#clean
    const writer = resources.writer()
    await Promise.all([...items.values()].map((item: Item) => writer.put(item)))
    await writer.drain()
    for (const [key, base64] of objects)
      await this.#clean.objects.put(this.#servers.config.buckets.blobs, key, Buffer.from(base64, 'base64'))
  }

  #next(command: string): Fault | undefined {
    const call = { n: this.#calls.length + 1, command }
    this.#calls.push(call)
    return this.#plan(call)
  }
}

const STORES = ['resources', 'blobs', 'payloads', 'objects', 'workFiles', 'jobs', 'leases'] as const

const withFaultyStores = (services: Services, next: (call: string) => Fault | undefined): Services => ({
  ...services,
  ...Object.fromEntries(STORES.map((name) => [name, faultyStore<object>(services[name], name, next)])),
})

const tries = async <T>(left: number, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (left <= 1) throw error
    return tries(left - 1, work)
  }
}
