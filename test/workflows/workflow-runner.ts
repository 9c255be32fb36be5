import { LocalWorkflowEngine } from '../../infra/local/workflows/local-workflow-engine.ts'
import type { StageHandler } from '../../infra/local/workflows/stage-handler.ts'
import type { Json } from '../../functions/workflows/states.ts'
import { exportRequest } from '../../shared/export/request.ts'
import { startExport } from '../../shared/export/start-export.ts'
import { randomUUID } from 'node:crypto'
import type { CheckJob, ExportJob, Job, RestoreJob } from '../../shared/jobs/job.ts'
import type { RestoreRequest } from '../../shared/jobs/job-request.ts'
import type { Problem } from '../../shared/problems/problem.ts'
import { UnknownJobError } from '../../shared/jobs/errors.ts'
import type { JobKind } from '../../shared/jobs/workflow-engine.ts'
import type { JobEvents } from '../../shared/jobs/job-events.ts'
import type { Filters } from '../../shared/filters/filters.ts'
import type { Item } from '../../shared/tables/item.ts'
import type { Report } from '../../shared/restore/report/make-report.ts'
import type { CheckReport } from '../../shared/restore/report/make-check-report.ts'
import { startCheck } from '../../shared/restore/start/start-check.ts'
import { startRestoreOfBody } from '../../shared/restore/start/start-restore.ts'
import type { Limits } from '../../shared/jobs/limits.ts'
import type { Schedule } from '../../shared/schedules/schedule.ts'
import type { Config } from '../../shared/runtime/config.ts'
import { makeServices } from '../../shared/runtime/make-services.ts'
import { setServices } from '../../shared/runtime/current-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { type StoreContents, readContents, type StoreClients, putItems, removeItems, wipe } from '../contents.ts'
import { useServices, type TestServers } from '../services.ts'

/** A function of a test. The runner calls it before a stage begins. */
type BeforeStage = (jobId: string) => Promise<void>

/** Parts of the services that tests replace. */
export interface RunnerOptions {
  readonly limits?: Partial<Limits>
  readonly models_file?: string
  readonly events?: JobEvents
  readonly schedules?: readonly Schedule[]
  readonly clock?: () => Date
  /** Calls the handler of a stage. */
  readonly callStage?: (stage: string, call: () => Promise<Json>) => Promise<Json>
}

/** An engine from which a test can hide an execution. */
class TestEngine extends LocalWorkflowEngine {
  readonly hidden = new Set<string>()

  override async isRunning(kind: JobKind, jobId: string): Promise<boolean> {
    return !this.hidden.has(jobId) && (await super.isRunning(kind, jobId))
  }
}

/** The real workflows with local stores, in this process. A test can interfere before each stage. */
export class WorkflowRunner {
  services: Services
  readonly clients: StoreClients
  readonly #servers: TestServers
  readonly #engine: TestEngine
  readonly #before: Map<string, BeforeStage>

  private constructor(servers: TestServers, services: Services, engine: TestEngine, before: Map<string, BeforeStage>) {
    this.#servers = servers
    this.services = services
    this.#engine = engine
    this.#before = before
    this.clients = { dynamo: servers.dynamo, s3: servers.s3, config: servers.config }
  }

  static async start(options: RunnerOptions = {}): Promise<WorkflowRunner> {
    const callStage: NonNullable<RunnerOptions['callStage']> = options.callStage ?? ((_stage, call) => call())
    const servers = await useServices()
    const before = new Map<string, BeforeStage>()
    /** The calls of `before`, by job and stage. The other map items of the stage wait for the call too. */
    const calls = new Map<string, Promise<unknown>>()
    const load = async (kind: string, stage: string): Promise<StageHandler> => {
      const { handler } = (await import(`../../functions/${kind}/${stage}.ts`)) as { handler: StageHandler }
      return async (input, context) => {
        const { job_id } = input as { job_id: string }
        const call = before.get(stage)
        before.delete(stage)
        if (call === undefined) await calls.get(`${job_id} ${stage}`)
        else {
          const active = call(job_id)
          calls.set(
            `${job_id} ${stage}`,
            active.catch(() => undefined),
          )
          await active
        }
        return callStage(stage, () => handler(input, context))
      }
    }
    const engine = new TestEngine({ load, retryMs: 5 })
    const { limits = {}, models_file, schedules = [], events, clock } = options
    const config = { ...servers.config, schedules, ...(models_file === undefined ? {} : { models_file }) }
    const { dynamo: dynamoDb, s3 } = servers
    const services = await makeServices({
      config,
      dynamoDb,
      s3,
      workflows: engine,
      limits,
      ...(events === undefined ? {} : { events }),
      ...(clock === undefined ? {} : { clock }),
    })
    setServices(services)
    return new WorkflowRunner(servers, services, engine, before)
  }

  /** Replaces the configuration, as a deployment does. The stores and their data stay. */
  async deploy(changes: Partial<Config>, limits: Partial<Limits> = {}): Promise<void> {
    const { dynamo: dynamoDb, s3, config } = this.#servers
    const { limits: current, clock } = this.services
    const parts = { dynamoDb, s3, workflows: this.#engine, limits: { ...current, ...limits }, clock }
    this.services = await makeServices({ config: { ...config, ...changes }, ...parts })
    setServices(this.services)
  }

  async stop(): Promise<void> {
    await this.#engine.close()
    setServices(undefined)
    await this.#servers.stop()
  }

  /** Calls a function once, before the next run of this stage. All map items of the job wait for the function. */
  beforeStage(stage: string, call: BeforeStage): void {
    this.#before.set(stage, call)
  }

  /** From now on, the engine states that the execution of this job is not running, although its handlers still run. */
  hideExecution(jobId: string): void {
    this.#engine.hidden.add(jobId)
  }

  /** Exports models and returns the archive's bytes. Throws `JobFailed` if the export fails. */
  async export(
    models: readonly string[],
    filters: Filters = {},
    strict = true,
    format: 'acbak' | 'specstar' = 'acbak',
  ): Promise<{ job: ExportJob; archive: Buffer }> {
    const { services } = this
    const request = exportRequest({ models, filters, strict, format }, services.models)
    const job = await this.#end(await startExport(services, request, { requestedBy: 'test' }))
    if (job.kind !== 'export' || job.result === undefined) throw new JobFailedError(job)
    const { bucket, key } = job.result.archive
    return { job, archive: (await services.objects.getBytes(bucket, key)) ?? Buffer.alloc(0) }
  }

  /** Releases the draining leases of failed and cancelled restores. */
  async freeLeases(): Promise<void> {
    for (const status of ['failed', 'cancelled'] as const)
      for (const { job_id, ...job } of (await this.services.jobs.list({ kind: 'restore', status, limit: 100 })).jobs)
        if (job.kind === 'restore' && job.leased !== undefined)
          await this.services.leases.held(job.leased, job_id).free()
  }

  /** Starts a restore of an archive. */
  startRestore(archive: Buffer, request: Partial<RestoreRequest> = {}): Promise<RestoreJob> {
    return startRestoreOfBody(
      this.services,
      { filters: {}, on_duplicate: 'overwrite', dry_run: false, ...request },
      archive,
      { requestedBy: 'test' },
    )
  }

  /** Starts a restore whose execution disappears before a stage begins, so that nothing ends the job. */
  startRestoreAndLoseExecution(archive: Buffer, stage: string): Promise<RestoreJob> {
    return this.loseExecution(stage, () => this.startRestore(archive))
  }

  /** Starts a job whose execution disappears before a stage begins, so that nothing ends the job. */
  async loseExecution<Started extends Job>(stage: string, start: () => Promise<Started>): Promise<Started> {
    const gone = Promise.withResolvers<undefined>()
    this.beforeStage(stage, async (jobId) => {
      // The handlers never return. Therefore the test does not wait for the engine.
      void this.#engine.stop('restore', jobId)
      gone.resolve(undefined)
      await Promise.resolve()
      throw new Error('the execution was stopped')
    })
    const job = await start()
    await gone.promise
    await this.#engine.ended(job.job_id)
    return job
  }

  /** Restores an archive's bytes and returns the ended job. */
  async restore(archive: Buffer, request: Partial<RestoreRequest> = {}): Promise<RestoreJob> {
    return this.waitForRestore(await this.startRestore(archive, request))
  }

  /** Starts a check of an archive, which is written to the archive bucket. */
  async startCheck(archive: Buffer): Promise<CheckJob> {
    const { objects, config } = this.services
    const { bucket, key } = await objects.put(config.buckets.archives, `test/${randomUUID()}.acbak`, archive)
    return startCheck(this.services, { bucket, key }, { requestedBy: 'test' })
  }

  /** Checks an archive and returns the ended job. */
  async check(archive: Buffer): Promise<CheckJob> {
    return this.waitForCheck(await this.startCheck(archive))
  }

  /** Waits until the job has ended and its handlers have returned. */
  async waitForCheck(job: CheckJob): Promise<CheckJob> {
    const ended = await this.#end(job)
    if (ended.kind !== 'check') throw new Error('not a check')
    return ended
  }

  /** Waits until the job has ended and its handlers have returned. */
  async waitForRestore(job: RestoreJob): Promise<RestoreJob> {
    const ended = await this.#end(job)
    if (ended.kind !== 'restore') throw new Error('not a restore')
    return ended
  }

  /** Waits until the job has ended and its handlers have returned. */
  async waitForExport(job: ExportJob): Promise<ExportJob> {
    const ended = await this.#end(job)
    if (ended.kind !== 'export') throw new Error('not an export')
    return ended
  }

  /** Reads the report of a restore. Undefined if it has none. */
  async readReport({ result }: RestoreJob): Promise<Report | undefined> {
    const { bucket = '', key = '' } = result?.report ?? {}
    return (await this.services.objects.getJson(bucket, key)) as Report | undefined
  }

  /** Reads the report of a check. Undefined if it has none. */
  async readCheckReport({ result }: CheckJob): Promise<CheckReport | undefined> {
    const { bucket = '', key = '' } = result?.report ?? {}
    return (await this.services.objects.getJson(bucket, key)) as CheckReport | undefined
  }

  contents(): Promise<StoreContents> {
    return readContents(this.clients)
  }

  putItems(...items: readonly Item[]): Promise<void> {
    return putItems(this.clients, items)
  }

  removeItems(...items: readonly Item[]): Promise<void> {
    return removeItems(this.clients, items)
  }

  wipe(): Promise<void> {
    return wipe(this.clients)
  }

  async #end({ job_id }: Job): Promise<Job> {
    await this.#engine.ended(job_id)
    const job = await this.services.jobs.get(job_id)
    if (job === undefined) throw new UnknownJobError(job_id)
    return job
  }
}

/** An export failed. */
export class JobFailedError extends Error {
  override readonly name = 'JobFailed'
  readonly error: Problem | undefined

  constructor({ job_id, status, error }: Job) {
    super(`job ${job_id} ${status}: ${error?.detail ?? ''}`)
    this.error = error
  }
}
