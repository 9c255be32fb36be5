import process from 'node:process'
import * as z from 'zod'
import { LOCAL_CREDENTIALS } from '../../../shared/runtime/local-credentials.ts'
import { readConfig } from '../../../shared/runtime/config.ts'
import { answerRequests } from '../processes/answer-requests.ts'
import { CallCounter } from './call-counter.ts'
import { countObjectCalls, countTableCalls } from './counting-proxy.ts'
import { startWithWorkers } from './with-workers.ts'

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
const counter = new CallCounter(readConfig(process.env).tables)
const dynamo = await countTableCalls(settings.dynamo, counter, settings.halvesScans)
const s3 = await countObjectCalls(settings.s3, counter)
const env = {
  ...process.env,
  AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
  AWS_ENDPOINT_URL_S3: s3.endpoint,
  AWS_ACCESS_KEY_ID: process.env['AWS_ACCESS_KEY_ID'] ?? LOCAL_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: process.env['AWS_SECRET_ACCESS_KEY'] ?? LOCAL_CREDENTIALS.secretAccessKey,
}
const program = await startWithWorkers(settings.bundles, env, (stage) => {
  counter.stage = stage
})
counter.take()

answerRequests(
  {
    url: () => Promise.resolve(program.url),
    /** Returns the calls and the memory of the workers since the last request, and ends the workers. */
    take: async () => {
      const workers = await program.take()
      return { stages: counter.take(), workers }
    },
  },
  async () => {
    await program.stop()
    await Promise.all([dynamo.close(), s3.close()])
  },
)
