import process from 'node:process'
import * as z from 'zod'
import { loadFromSource, type LoadStage } from '../../../infra/local/workflows/local-workflow-engine.ts'
import { programOptions } from '../../../infra/local/program/program-options.ts'
import { startProgram } from '../../../infra/local/program/start-program.ts'
import { LOCAL_CREDENTIALS } from '../../../infra/local/processes/credentials.ts'
import { readConfig } from '../../../shared/runtime/config.ts'
import { answerRequests } from '../processes/answer-requests.ts'
import { CallCounter } from './call-counter.ts'
import { countObjectCalls, countTableCalls } from './counting-proxy.ts'
import { StageTimer } from './stage-timer.ts'
import { WorkerPool } from './worker-pool.ts'

const Settings = z.object({
  /** The folder of the bundles. */
  bundles: z.string(),
  dynamo: z.string(),
  s3: z.string(),
  halvesScans: z.boolean(),
})

/**
 * The local program with its worker stages in processes of their own, and with proxies in front of the services that
 * count calls. Its times mean nothing.
 */
const settings = Settings.parse(JSON.parse(process.argv[2] ?? '{}'))
const { tables, buckets, region, models_file } = readConfig(process.env)
const counter = new CallCounter(tables)
const dynamo = await countTableCalls(settings.dynamo, counter, settings.halvesScans)
const s3 = await countObjectCalls(settings.s3, counter)
const env = {
  ...process.env,
  AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
  AWS_ENDPOINT_URL_S3: s3.endpoint,
  AWS_ACCESS_KEY_ID: process.env['AWS_ACCESS_KEY_ID'] ?? LOCAL_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: process.env['AWS_SECRET_ACCESS_KEY'] ?? LOCAL_CREDENTIALS.secretAccessKey,
}
const workers = new WorkerPool(settings.bundles, {
  PATH: process.env['PATH'] ?? '',
  AWS_REGION: region,
  AWS_ENDPOINT_URL_DYNAMODB: env.AWS_ENDPOINT_URL_DYNAMODB,
  AWS_ENDPOINT_URL_S3: env.AWS_ENDPOINT_URL_S3,
  AWS_ACCESS_KEY_ID: env.AWS_ACCESS_KEY_ID,
  AWS_SECRET_ACCESS_KEY: env.AWS_SECRET_ACCESS_KEY,
  RESOURCE_TABLE: tables.resources,
  JOB_TABLE: tables.jobs,
  BLOB_BUCKET: buckets.blobs,
  ARCHIVE_BUCKET: buckets.archives,
  RESTORE_BUCKET: buckets.restores,
  WORK_BUCKET: buckets.work,
  MODELS_FILE: models_file,
})

/** The times mean nothing, but the timer knows when all calls have ended. */
const timer = new StageTimer()
const load = workers.handlerOf(loadFromSource)
const loadStage: LoadStage = async (kind, stage) => {
  const timed = timer.time(stage, await load(kind, stage))
  return (input, context) => {
    counter.stage = stage
    return timed(input, context)
  }
}
const program = await startProgram({ ...programOptions(env), loadStage })
counter.take()

answerRequests(
  {
    url: () => Promise.resolve(program.url),
    /** Returns the calls and the memory of the workers since the last request, and ends the workers. */
    take: async () => {
      await timer.take()
      return { stages: counter.take(), workers: await workers.take() }
    },
  },
  async () => {
    await workers.take()
    await program.stop()
    await Promise.all([dynamo.close(), s3.close()])
  },
)
