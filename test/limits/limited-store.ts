import { paginateScan } from '@aws-sdk/client-dynamodb'
import type { DynamoDbLimits, S3Limits } from '../../infra/local/limits/service-limits.ts'
import { writeResources } from '../../infra/local/seed/seed-store.ts'
import { wipe } from '../../infra/local/stores/wipe-store.ts'
import { FunctionConcurrency } from '../../infra/local/workflows/function-concurrency.ts'
import { LocalWorkflowEngine } from '../../infra/local/workflows/local-workflow-engine.ts'
import type { StageHandler } from '../../infra/local/workflows/stage-handler.ts'
import { exportRequest } from '../../shared/export/request.ts'
import { startExport } from '../../shared/export/start-export.ts'
import type { ExportJob, Job, RestoreJob } from '../../shared/jobs/job.ts'
import type { Limits } from '../../shared/jobs/limits.ts'
import { startRestoreFrom } from '../../shared/restore/start/start-restore.ts'
import { setServices } from '../../shared/runtime/current-services.ts'
import { makeServices } from '../../shared/runtime/make-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { readContents, type StoreContents } from '../contents.ts'
import { limitsClient } from '../infra/local/limits/limits-client.ts'
import { largeSample, type Size } from '../large/sample.ts'
import { startServices, type TestServers } from '../services.ts'
import { FunctionEnvironments } from './function-environments.ts'
import { type Invocation, JobRecorder, type StageUsage } from './job-recorder.ts'

/** What the services offer, and how many functions request it. */
export interface Offer {
  readonly dynamodb: DynamoDbLimits
  /**
   * True if only the resource table has limits. The limits of a test are far below those of AWS, and so is the size of
   * its store, but its jobs have as many passes as large jobs, and request as much from the job table.
   */
  readonly onlyResources?: boolean
  readonly s3: S3Limits
  /** The number of map items that run at the same time. */
  readonly children: number
  /** The number of functions that run at the same time. */
  readonly functions: number
  /** The path of the model registry. */
  readonly models_file?: string
  /** The limits on the work of a pass. */
  readonly limits?: Partial<Limits>
}

/** A job that has ended, and what it requested. */
export interface LimitedJob<EndedJob extends Job> {
  readonly job: EndedJob
  readonly seconds: number
  readonly usage: readonly StageUsage[]
  /** All invocations, and whether the job table contains their results. */
  readonly invocations: readonly (Invocation & { readonly isStored: boolean })[]
  /** The number of invocations that the limit of functions refused. */
  readonly refusedInvocations: number
}

/** The delay before each retry of the workflow. The retriers of the definitions wait for seconds or minutes. */
const RETRY_MS = 100

const CALLER = { requestedBy: 'test' }

/** A store whose services have limits while a job runs, and no limits otherwise. */
export class LimitedStore {
  readonly #servers: TestServers
  readonly #services: Services
  readonly #engine: LocalWorkflowEngine
  readonly #offer: Offer
  readonly #functions: FunctionConcurrency
  readonly #recording: { recorder: JobRecorder | undefined }

  private constructor(
    servers: TestServers,
    services: Services,
    engine: LocalWorkflowEngine,
    offer: Offer,
    functions: FunctionConcurrency,
    recording: { recorder: JobRecorder | undefined },
  ) {
    this.#servers = servers
    this.#services = services
    this.#engine = engine
    this.#offer = offer
    this.#functions = functions
    this.#recording = recording
  }

  static async start(offer: Offer): Promise<LimitedStore> {
    const servers = await startServices()
    const { children, models_file, limits = {} } = offer
    const config = { ...servers.config, ...(models_file === undefined ? {} : { models_file }) }
    const recording: { recorder: JobRecorder | undefined } = { recorder: undefined }
    const functions = new FunctionConcurrency(offer.functions)
    const load = async (kind: string, stage: string): Promise<StageHandler> => {
      const { handler } = (await import(`../../functions/${kind}/${stage}.ts`)) as { handler: StageHandler }
      const inEnvironment: StageHandler = (input, context) => environments.run(stage, () => handler(input, context))
      return (input, context) => (recording.recorder?.record(stage, inEnvironment) ?? inEnvironment)(input, context)
    }
    const engine = new LocalWorkflowEngine({
      load,
      retryMs: RETRY_MS,
      mapConcurrency: children,
      functionConcurrency: functions,
    })
    const parts = { config, workflows: engine, limits }
    const base = await makeServices({ ...parts, dynamoDb: servers.dynamo, s3: servers.s3 })
    const environments = new FunctionEnvironments(() =>
      makeServices({ ...parts, dynamoDb: servers.newDynamo(), s3: servers.newS3() }),
    )
    setServices(environments.services(base))
    return new LimitedStore(servers, base, engine, offer, functions, recording)
  }

  async stop(): Promise<void> {
    await this.#engine.close()
    setServices(undefined)
    await this.#servers.stop()
  }

  /** Writes a sample. The content depends only on the size. */
  async fill(size: Size): Promise<void> {
    await writeResources(this.#services, largeSample(this.#services.models, size), () => undefined)
  }

  async wipe(): Promise<void> {
    const { config, dynamo, s3 } = this.#servers
    await wipe({ config, dynamo, s3, resources: this.#services.resources })
  }

  contents(): Promise<StoreContents> {
    return readContents(this.#servers)
  }

  /** Exports all models within the limits. */
  export(): Promise<LimitedJob<ExportJob>> {
    const { models } = this.#services
    const request = exportRequest({ models: models.names, filters: {}, strict: true, format: 'acbak' }, models)
    return this.#run(() => startExport(this.#services, request, CALLER))
  }

  /** Restores the archive of an export within the limits. */
  restore({ job_id }: ExportJob): Promise<LimitedJob<RestoreJob>> {
    const request = { filters: {}, on_duplicate: 'raise_error', dry_run: false, strict: true } as const
    return this.#run(() => startRestoreFrom(this.#services, request, { job_id }, CALLER))
  }

  async #run<Started extends Job>(start: () => Promise<Started>): Promise<LimitedJob<Started>> {
    const { dynamodb, onlyResources = false, s3 } = this.#offer
    const { tables } = this.#servers.config
    const dynamoLimits = limitsClient(this.#servers.endpoints.dynamo)
    const s3Limits = limitsClient(this.#servers.endpoints.s3)
    const recorder = new JobRecorder([dynamoLimits, s3Limits])
    this.#recording.recorder = recorder
    const refusedBefore = this.#functions.refused
    const startedAt = performance.now()
    await Promise.all([
      dynamoLimits.set({ ...dynamodb, ...(onlyResources ? { tables: [tables.resources] } : {}) }),
      s3Limits.set(s3),
    ])
    const started = await start()
    await this.#engine.ended(started.job_id)
    await recorder.end()
    const seconds = (performance.now() - startedAt) / 1000
    await Promise.all([dynamoLimits.set(null), s3Limits.set(null)])
    this.#recording.recorder = undefined
    const stored = await this.#storedResults(started.job_id)
    return {
      job: ((await this.#services.jobs.get(started.job_id)) ?? started) as Started,
      seconds,
      usage: recorder.usage,
      invocations: [...recorder.invocations.values()].map((one) => ({ ...one, isStored: stored.has(one.name) })),
      refusedInvocations: this.#functions.refused - refusedBefore,
    }
  }

  /** Returns the names of the passes whose results are in the job table. */
  async #storedResults(jobId: string): Promise<Set<string>> {
    const { dynamo: client, config } = this.#servers
    const stored = new Set<string>()
    for await (const { Items = [] } of paginateScan({ client }, { TableName: config.tables.jobs }))
      for (const { pk, sk } of Items) {
        const [kind, stage = '', n = '', pass = ''] = sk?.S?.split('#') ?? []
        if (pk?.S === `job#${jobId}` && kind === 'result') stored.add(`${stage} ${Number(n)} ${Number(pass)}`)
      }
    return stored
  }
}
