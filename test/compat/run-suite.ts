import { startVitest } from 'vitest/node'
import { deviationOf, MISSING_CAPABILITIES } from './deviations.ts'
import { CREDENTIALS, type ServerName } from './servers.ts'
import type { Suite } from './suites.ts'

/** The endpoints of the running servers. */
export type Endpoints = Readonly<Partial<Record<ServerName, string>>>

interface SkippedTest {
  readonly fullName: string
  readonly reason: string
}

/** The counts of one suite or one run of the demo. */
export interface Outcome {
  readonly title: string
  readonly servers: readonly ServerName[]
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly SkippedTest[]
  readonly seconds: number
}

/**
 * Runs the test files of a suite on its servers, with Vitest. A test that is skipped for no known reason counts as
 * failed, as does a file that cannot be loaded.
 */
export const runSuite = async ({ title, servers, files }: Suite, endpoints: Endpoints): Promise<Outcome> => {
  const start = performance.now()
  const vitest = await startVitest([...files], {
    project: ['compat'],
    // The load of several files at once would change what is measured, and DynamoDB Local has one lock.
    maxWorkers: 1,
    watch: false,
    env: testEnvironment(servers, endpoints),
  })
  const modules = vitest.state.getTestModules()
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  const unhandled = vitest.state.getUnhandledErrors().length
  await vitest.close()
  const passed = tests.filter((test) => test.result().state === 'passed').length
  const skipped = tests.flatMap((test): SkippedTest[] => {
    const reason = reasonOf(servers, test.fullName) ?? (test.options.mode === 'skip' ? SKIPPED_EVERYWHERE : undefined)
    return test.result().state === 'skipped' && reason !== undefined ? [{ fullName: test.fullName, reason }] : []
  })
  const failedModules = modules.filter((module) => module.state() !== 'passed' && module.errors().length > 0).length
  const failed = tests.length - passed - skipped.length + failedModules + unhandled
  return {
    title,
    servers,
    passed,
    failed: passed === 0 ? Math.max(1, failed) : failed,
    skipped,
    seconds: (performance.now() - start) / 1000,
  }
}

const SKIPPED_EVERYWHERE = 'the test file skips it on every server'

/** Returns the known reason why a test is skipped on one of the servers. */
const reasonOf = (servers: readonly ServerName[], fullName: string): string | undefined =>
  deviationOf(servers, fullName) ??
  servers.map((server) => MISSING_CAPABILITIES[server]).find((missing) => missing?.tests.test(fullName))?.reason

/** The variables that `test/services.ts`, `test/infra/local/s3/s3.test.ts` and `skip-deviations.ts` read. */
const testEnvironment = (servers: readonly ServerName[], endpoints: Endpoints): Record<string, string> => {
  const s3Server = servers.find((server) => server !== 'dynamodb-local')
  const dynamo = servers.includes('dynamodb-local') ? endpoints['dynamodb-local'] : undefined
  const s3 = s3Server === undefined ? undefined : endpoints[s3Server]
  const { accessKeyId, secretAccessKey } = CREDENTIALS
  return {
    COMPAT_SERVERS: servers.join(','),
    ...(dynamo === undefined ? {} : { AWS_ENDPOINT_URL_DYNAMODB: dynamo }),
    ...(s3Server === undefined || s3 === undefined
      ? {}
      : {
          AWS_ENDPOINT_URL_S3: s3,
          AWS_ACCESS_KEY_ID: accessKeyId,
          AWS_SECRET_ACCESS_KEY: secretAccessKey,
          S3_ENDPOINT: s3,
          S3_ACCESS_KEY_ID: accessKeyId,
          S3_SECRET_ACCESS_KEY: secretAccessKey,
          S3_WITHOUT: MISSING_CAPABILITIES[s3Server]?.name ?? '',
        }),
  }
}
