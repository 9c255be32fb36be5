import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { EVENTS } from '../../../functions/events.ts'
import { freeAbandonedLeases, freeEndedLeases } from '../../../shared/restore/release-leases.ts'
import { sweepUploads } from '../../../shared/restore/start/sweep-uploads.ts'
import { type ClientOptions, dynamoDB, s3 } from '../../../shared/runtime/clients.ts'
import { type Config, ConfigError, readConfig } from '../../../shared/runtime/config.ts'
import type { Limits } from '../../../shared/jobs/limits.ts'
import { makeServices } from '../../../shared/runtime/make-services.ts'
import { setServices } from '../../../shared/runtime/current-services.ts'
import type { Services } from '../../../shared/runtime/services.ts'
import { validateSchedule } from '../../../shared/schedules/schedule.ts'
import { UNFINISHED_UPLOAD_DAYS, WORK_DAYS } from '../../lifecycle-days.ts'
import { LOCAL_CREDENTIALS } from '../../../shared/runtime/local-credentials.ts'
import { createBuckets, createTables } from '../stores/create-stores.ts'
import { startDynamoDb } from '../dynamodb/start-dynamodb.ts'
import { checkCopyTarget } from './check-copy-target.ts'
import { startGateway } from './gateway.ts'
import { startS3 } from '../s3/start-s3.ts'
import type { Environment, ProgramOptions } from './program-options.ts'
import { executionEnded, stateMachineArn } from './execution-events.ts'
import { LocalEventBus } from './local-event-bus.ts'
import { LocalScheduler } from './scheduler.ts'
import { loadTriggers } from './triggers.ts'
import { FunctionConcurrency } from '../workflows/function-concurrency.ts'
import { LocalWorkflowEngine } from '../workflows/local-workflow-engine.ts'
import { errorMessage } from '../../../shared/values/error-message.ts'

/** The running program. */
export interface Program {
  readonly url: string
  readonly s3Endpoint: string
  readonly dynamoEndpoint: string
  readonly services: Services
  /** Rejects if a local service exits unexpectedly. The program cannot continue without it. */
  readonly died: Promise<never>
  /** Stops all parts. The next start with the same data folder restarts the jobs that are running. */
  stop(): Promise<void>
}

/**
 * Passes check every second whether their job was cancelled (`watchMs`). The request that cancels a job waits until all
 * passes have stopped. An upload that waits for another restore makes its first new attempt after a second
 * (`queueSeconds`). Local checks are cheap, so both intervals are shorter than on AWS.
 */
const LOCAL_LIMITS: Partial<Limits> = { watchMs: 1_000, queueSeconds: 1 }

/** Old versions of objects are deleted after one day, so that they do not fill the disk. */
const OLD_VERSION_DAYS = 1

/** `stop` waits this long for running passes, and then aborts them. The next start restarts their jobs. */
const STOP_MS = 3_000

/** Stops one part of the program. Parts stop in the reverse order of their start. */
type StopPart = () => Promise<unknown>

/**
 * Starts the local services, the workflows, the schedules and the API. Resolves when all of them are ready. If a part
 * does not start, stops the others and rejects with `PortInUseError`, `ChildError` or `ConfigError`. A process can run
 * only one program, because handlers read their services from a global variable.
 */
export const startProgram = async (options: ProgramOptions): Promise<Program> => {
  const parts: StopPart[] = []
  const stop = async (): Promise<void> => {
    for (let stopPart = parts.pop(); stopPart !== undefined; stopPart = parts.pop()) await stopPart()
  }
  try {
    return { ...(await startParts(options, parts)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const startParts = async (options: ProgramOptions, parts: StopPart[]): Promise<Omit<Program, 'stop'>> => {
  const { env = process.env, dataDir, serviceLimits = {} } = options
  const config = readConfig(env)
  const triggers = await loadTriggers(EVENTS)
  const events = new LocalEventBus(triggers, {
    restoreBucket: config.buckets.restores,
    stateMachineArns: (['export', 'restore', 'check'] as const).map(stateMachineArn),
  })
  const death = Promise.withResolvers<never>()
  // If a caller does not handle `died`, its rejection must not end the process.
  death.promise.catch(() => undefined)
  const onDied = (error: Error): void => {
    death.reject(error)
  }

  await mkdir(dataDir, { recursive: true }).catch((error: unknown) => {
    throw new ConfigError(
      `DATA_DIR=${dataDir}: the folder cannot be created (${errorMessage(error)}); set DATA_DIR to another folder`,
    )
  })
  const dynamo = await endpointOrLocal(env, 'AWS_ENDPOINT_URL_DYNAMODB', parts, () =>
    startDynamoDb({
      port: options.dynamoDbPort,
      dir: join(dataDir, 'dynamodb'),
      limits: serviceLimits.dynamodb,
      onDied,
    }),
  )
  const objects = await endpointOrLocal(env, 'AWS_ENDPOINT_URL_S3', parts, () =>
    startS3({
      port: options.s3Port,
      dir: join(dataDir, 's3'),
      limits: serviceLimits.s3,
      expiry: {
        oldVersions: OLD_VERSION_DAYS,
        unfinishedUploads: UNFINISHED_UPLOAD_DAYS,
        objects: { [config.buckets.work]: WORK_DAYS },
      },
      onDied,
      onObjectCreated: (event) => {
        void events.receive(event)
      },
    }),
  )
  const clients = {
    dynamoDb: dynamoDB(clientOptions(config.region, dynamo.endpoint, env)),
    s3: s3(clientOptions(config.region, objects.endpoint, env)),
  }
  parts.push(() => {
    clients.dynamoDb.destroy()
    clients.s3.destroy()
    return Promise.resolve()
  })
  await Promise.all([createTables(clients.dynamoDb, config), createBuckets(clients.s3, config)])
  await checkCopyTarget(clients.s3, config)

  const workflows = new LocalWorkflowEngine({
    ...(options.loadStage === undefined ? {} : { load: options.loadStage }),
    functionConcurrency:
      serviceLimits.lambda === undefined ? undefined : new FunctionConcurrency(serviceLimits.lambda.concurrency),
    onEnded: async (kind, jobId, status) => {
      await events.receive(executionEnded(kind, jobId, status))
      await freeEndedLeases(services, jobId)
    },
  })
  const services = await makeServices({ config, workflows, ...clients, limits: { ...LOCAL_LIMITS, ...options.limits } })
  setServices(services)
  parts.push(() => atMost(STOP_MS, workflows.close()))
  // The bus is closed before the workflows are aborted, so the next start can resume their jobs.
  parts.push(() => atMost(STOP_MS, events.close()))
  await freeAbandonedLeases(services)
  await resumeJobs(services)
  await sweepUploads(services)
  events.open()
  checkSchedules(config, services)
  const scheduler = new LocalScheduler(triggers, config)
  parts.push(() => scheduler.close())
  const gateway = await startGateway({ port: options.port })
  parts.push(() => gateway.stop())
  return {
    url: gateway.url,
    s3Endpoint: objects.endpoint,
    dynamoEndpoint: dynamo.endpoint,
    services,
    died: death.promise,
  }
}

const atMost = (ms: number, work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work, sleep(ms, undefined, { ref: false })])

/**
 * Restarts the jobs that were running when the program stopped. Repeating a stage is safe, because it is idempotent.
 * Jobs that waited are started last. Otherwise, they could take the lease of a job that is not running again yet.
 */
const resumeJobs = async ({ jobs, workflows }: Services): Promise<void> => {
  const resumed = await jobs.runningJobs()
  for (const status of ['running', 'queued'])
    for (const job of resumed) if (job.status === status) await workflows.start(job.kind, job.job_id)
}

const checkSchedules = (config: Config, { models }: Services): void => {
  for (const schedule of config.schedules) {
    const reason = validateSchedule(schedule, models)
    if (reason !== undefined) throw new ConfigError(`SCHEDULES: schedule ${schedule.name}: ${reason}`)
  }
}

/**
 * Returns the endpoint in an environment variable. If the variable is absent or empty, starts a local service and
 * returns its endpoint. Throws `ConfigError` if the variable is not the URL of a server.
 */
const endpointOrLocal = async (
  env: Environment,
  name: 'AWS_ENDPOINT_URL_DYNAMODB' | 'AWS_ENDPOINT_URL_S3',
  parts: StopPart[],
  startLocal: () => Promise<{ readonly endpoint: string; stop(): Promise<void> }>,
): Promise<{ readonly endpoint: string }> => {
  const endpoint = env[name]
  if (endpoint !== undefined && endpoint !== '') {
    if (!/^https?:\/\/[^/]/.test(endpoint) || !URL.canParse(endpoint))
      throw new ConfigError(
        `${name}=${endpoint} must be a URL, such as http://127.0.0.1:9000; remove it to start the local service`,
      )
    return { endpoint }
  }
  const local = await startLocal()
  parts.push(() => local.stop())
  return local
}

const clientOptions = (region: string, endpoint: string, env: Environment): ClientOptions => ({
  region,
  endpoint,
  credentials: {
    accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? LOCAL_CREDENTIALS.accessKeyId,
    secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? LOCAL_CREDENTIALS.secretAccessKey,
  },
})
