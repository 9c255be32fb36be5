import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { startDemoProgram } from '../../infra/local/demo/demo-program.ts'
import { runScenario } from '../../infra/local/demo/scenario.ts'
import { errorMessage } from '../../shared/values/error-message.ts'
import type { Endpoints, Outcome } from './run-suite.ts'
import { CREDENTIALS, type ServerName } from './servers.ts'

const PROGRAM = fileURLToPath(new URL('demo-main.ts', import.meta.url))
/** With 2,000 cities, the store has 5,436 items. A scan by DynamoDB Local is too slow for more than 10,000 items. */
const CITIES = 2_000

/** Runs the demo on servers. The local services replace the servers that are not named. */
export const runDemo = async (servers: readonly ServerName[], endpoints: Endpoints): Promise<Outcome> => {
  const start = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'compat-demo-'))
  const environment = demoEnvironment(servers, endpoints)
  // The program of the demo removes the variables `AWS_…` of its caller. `demo-main.ts` sets them again.
  process.env['COMPAT_ENVIRONMENT'] = JSON.stringify(environment)
  let failed = 0
  try {
    const program = await startDemoProgram(join(folder, 'data'), PROGRAM)
    try {
      await runScenario({ ...program, env: { ...program.env, ...environment } }, folder, {
        cities: CITIES,
        verbose: false,
      })
    } catch (error) {
      failed = 1
      console.error(`${errorMessage(error)}\nError output of the local program:\n${program.errors()}`)
    } finally {
      await program.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const seconds = (performance.now() - start) / 1000
  return { title: 'demo', servers, passed: 1 - failed, failed, skipped: [], seconds }
}

const demoEnvironment = (servers: readonly ServerName[], endpoints: Endpoints): Readonly<Record<string, string>> => {
  const dynamo = servers.includes('dynamodb-local') ? endpoints['dynamodb-local'] : undefined
  const s3Server = servers.find((server) => server !== 'dynamodb-local')
  const s3 = s3Server === undefined ? undefined : endpoints[s3Server]
  return {
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    ...(dynamo === undefined ? {} : { AWS_ENDPOINT_URL_DYNAMODB: dynamo }),
    ...(s3 === undefined ? {} : { AWS_ENDPOINT_URL_S3: s3 }),
  }
}
