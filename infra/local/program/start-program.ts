import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { handler as uploadHandler } from '../../../functions/events/upload.ts'
import { freeAbandonedLeases, freeEndedLeases } from '../../../shared/restore/report/fail-restore.ts'
import { sweepUploads } from '../../../shared/restore/start/sweep-uploads.ts'
import { type ClientOptions, dynamoDB, s3 } from '../../../shared/runtime/clients.ts'
import { ConfigError, readConfig } from '../../../shared/runtime/config.ts'
import type { Limits } from '../../../shared/jobs/limits.ts'
import { makeServices } from '../../../shared/runtime/make-services.ts'
import { setServices } from '../../../shared/runtime/current-services.ts'
import type { Services } from '../../../shared/runtime/services.ts'
import { whyOfNoUse } from '../../../shared/schedules/schedule.ts'
import { createBuckets, createTables } from '../create-stores.ts'
import { startDynamoDb } from '../dynamodb/start-dynamodb.ts'
import { startGateway } from './gateway.ts'
import { startS3 } from '../s3.ts'
import { LocalSchedules } from './scheduler.ts'
import { UploadEvents } from '../upload-events.ts'
import { LocalWorkflowEngine } from '../workflows/local-workflow-engine.ts'
import { errorMessage } from '../../../shared/values/error-message.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface ProgramOptions {
  /** Ports; 0 is any free one. */
  readonly port: number
  readonly s3Port: number
  readonly dynamoDbPort: number
  readonly dataDir: string
  /** Names of tables and buckets, and `AWS_ENDPOINT_URL_…` of servers that take the stand-ins' place. */
  readonly env?: Environment
  /** Tests make passes small. */
  readonly limits?: Partial<Limits>
}

/** The program, running. */
export interface Program {
  readonly url: string
  readonly s3Endpoint: string
  readonly dynamoEndpoint: string
  readonly services: Services
  /** Rejects when a stand-in dies by itself: the program is of no use then. */
  readonly died: Promise<never>
  /** Ends everything. Jobs that run are run again at the next start on the same data. */
  stop(): Promise<void>
}

/** The credentials of the local stand-ins. */
const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' } as const

const Port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .refine((port) => port <= 65_535)

/** Reads `PORT`, `S3_PORT`, `DYNAMODB_PORT` and `DATA_DIR`. Throws an `Error` that names what is wrong. */
export const programOptions = (env: Environment): ProgramOptions => {
  const ports = {
    PORT: portOf(env, 'PORT', 3000),
    S3_PORT: portOf(env, 'S3_PORT', 9000),
    DYNAMODB_PORT: portOf(env, 'DYNAMODB_PORT', 8000),
  }
  const all = Object.entries(ports)
  const twice = all.find(([, port], k) => port !== 0 && all.findIndex(([, other]) => other === port) < k)
  if (twice !== undefined) throw new Error(`${twice.join('=')} is another port of this program too: give each its own`)
  return {
    port: ports.PORT,
    s3Port: ports.S3_PORT,
    dynamoDbPort: ports.DYNAMODB_PORT,
    dataDir: env['DATA_DIR'] ?? '.local',
    env,
  }
}

const portOf = (env: Environment, name: string, otherwise: number): number => {
  const text = env[name]
  if (text === undefined || text === '') return otherwise
  const parsed = Port.safeParse(text)
  if (!parsed.success) throw new Error(`${name}=${text} is not a port: give a number from 0 to 65535`)
  return parsed.data
}

/** What was started, in order; ended in the opposite one. */
type Ending = () => Promise<unknown>

/**
 * Starts the stand-ins, the workflows and the routes; resolves when all of it answers. Handlers find their services by the
 * process, so a process runs one program. Rejects with `PortInUseError`, leaving nothing behind.
 */
export const startProgram = async (options: ProgramOptions): Promise<Program> => {
  const endings: Ending[] = []
  const stop = async (): Promise<void> => {
    for (let end = endings.pop(); end !== undefined; end = endings.pop()) await end()
  }
  try {
    return { ...(await start(options, endings)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const start = async (options: ProgramOptions, endings: Ending[]): Promise<Omit<Program, 'stop'>> => {
  const { env = process.env, dataDir } = options
  const config = readConfig(env)
  const uploads = new UploadEvents(uploadHandler)
  const death = Promise.withResolvers<never>()
  // Whoever runs the program looks at it, or not.
  death.promise.catch(() => undefined)
  const onDied = (error: Error): void => {
    death.reject(error)
  }

  await mkdir(dataDir, { recursive: true }).catch((error: unknown) => {
    const why = errorMessage(error)
    throw new ConfigError(`DATA_DIR=${dataDir} cannot be a folder: ${why}`)
  })
  const dynamo = await serverAt(env['AWS_ENDPOINT_URL_DYNAMODB'], endings, () =>
    startDynamoDb({ port: options.dynamoDbPort, dir: join(dataDir, 'dynamodb'), onDied }),
  )
  const objects = await serverAt(env['AWS_ENDPOINT_URL_S3'], endings, () =>
    startS3({
      port: options.s3Port,
      dir: join(dataDir, 's3'),
      onDied,
      onObjectCreated: (event) => {
        uploads.take(event)
      },
    }),
  )
  const clients = {
    dynamoDb: dynamoDB(clientOptions(config.region, dynamo.endpoint, env)),
    s3: s3(clientOptions(config.region, objects.endpoint, env)),
  }
  endings.push(() => {
    clients.dynamoDb.destroy()
    clients.s3.destroy()
    return Promise.resolve()
  })
  await Promise.all([createTables(clients.dynamoDb, config), createBuckets(clients.s3, config)])

  const workflows = new LocalWorkflowEngine({ onEnded: (_kind, jobId) => freeEndedLeases(services, jobId) })
  const services = await makeServices({ config, workflows, ...clients, limits: { ...LOCAL, ...options.limits } })
  setServices(services)
  endings.push(() => atMost(STOP_MS, workflows.close()))
  await freeAbandonedLeases(services)
  await resumeJobs(services)
  endings.push(() => atMost(STOP_MS, uploads.close()))
  await sweepUploads(services)
  uploads.open()
  for (const schedule of config.schedules) {
    const why = whyOfNoUse(schedule, services.models)
    if (why !== undefined) throw new ConfigError(`SCHEDULES: schedule ${schedule.name}: ${why}`)
  }
  const schedules = new LocalSchedules(config.schedules)
  endings.push(() => schedules.close())
  const gateway = await startGateway({ port: options.port })
  endings.push(() => gateway.stop())
  return {
    url: gateway.url,
    s3Endpoint: objects.endpoint,
    dynamoEndpoint: dynamo.endpoint,
    services,
    died: death.promise,
  }
}

/** Whoever cancels a job waits here until its handlers have returned, and a look at it costs nothing. */
const LOCAL: Partial<Limits> = { watchMs: 1_000 }

/** What a handler is in the middle of may take minutes: it is cut, as by a crash, and run again at the next start. */
const STOP_MS = 3_000

const atMost = (ms: number, work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work, sleep(ms, undefined, { ref: false })])

/** Jobs that ran when the process ended are run again from their start: every stage may run twice. */
const resumeJobs = async ({ jobs, workflows }: Services): Promise<void> => {
  for (const { kind, job_id } of await jobs.runningJobs()) await workflows.start(kind, job_id)
}

const serverAt = async (
  endpoint: string | undefined,
  endings: Ending[],
  startOwn: () => Promise<{ readonly endpoint: string; stop(): Promise<void> }>,
): Promise<{ readonly endpoint: string }> => {
  if (endpoint !== undefined && endpoint !== '') return { endpoint }
  const own = await startOwn()
  endings.push(() => own.stop())
  return own
}

/** The stand-ins' credentials, unless the environment has others. */
const clientOptions = (region: string, endpoint: string, env: Environment): ClientOptions => ({
  region,
  endpoint,
  credentials: {
    accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? CREDENTIALS.accessKeyId,
    secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? CREDENTIALS.secretAccessKey,
  },
})
