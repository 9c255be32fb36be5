import process from 'node:process'
import Table from 'cli-table3'
import type { Program } from './start-program.ts'
import { DEFAULT_PORTS, type ProgramOptions } from './program-options.ts'
import { LOCAL_CREDENTIALS } from '../../../shared/runtime/local-credentials.ts'

/** Returns what a user needs to know about the running program: a table, and three commands to try. */
export const describeProgram = (
  { url, s3Endpoint, dynamoEndpoint, services: { config, models } }: Program,
  { dataDir, env = process.env }: Pick<ProgramOptions, 'dataDir' | 'env'>,
): string => {
  const table = new Table({ style: { head: [], border: [], compact: true } })
  table.push(
    ['page', `${url}/_backup`],
    ['API', `${url}  (routes: functions/API.md)`],
    ['DynamoDB', dynamoEndpoint],
    ['S3', s3Endpoint],
    ['credentials', credentials(env)],
    ['region', config.region],
    ['tables', Object.values(config.tables).join(', ')],
    ['buckets', Object.values(config.buckets).join('\n')],
    ['models', models.names.join(', ')],
    ['data folder', dataDir],
  )
  return `${table.toString()}
Try in a second terminal:
  ${otherPorts({ S3_PORT: s3Endpoint, DYNAMODB_PORT: dynamoEndpoint }, env)}npm run seed    # write sample data
  curl ${url}/country/export    # export a model
  npm run demo    # see a backup and a proved restore`
}

/**
 * Returns the environment variables for ports of the local services that differ from the defaults, as the prefix of a
 * command. If the environment names other servers, the commands find these servers in the same way.
 */
const otherPorts = (
  endpoints: Readonly<Record<keyof typeof SERVER_VARIABLES, string>>,
  env: NonNullable<ProgramOptions['env']>,
): string =>
  (['S3_PORT', 'DYNAMODB_PORT'] as const)
    .filter((variable) => env[SERVER_VARIABLES[variable]] === undefined)
    .map((variable) => ({ variable, port: Number(new URL(endpoints[variable]).port) }))
    .filter(({ variable, port }) => port !== DEFAULT_PORTS[variable])
    .map(({ variable, port }) => `${variable}=${port} `)
    .join('')

const SERVER_VARIABLES = { S3_PORT: 'AWS_ENDPOINT_URL_S3', DYNAMODB_PORT: 'AWS_ENDPOINT_URL_DYNAMODB' } as const

/** Only the key of the local services is shown with its secret, because everybody knows it. */
const credentials = ({ AWS_ACCESS_KEY_ID: key }: NonNullable<ProgramOptions['env']>): string => {
  const { accessKeyId, secretAccessKey } = LOCAL_CREDENTIALS
  return key === undefined || key === accessKeyId
    ? `access key ${accessKeyId}, secret key ${secretAccessKey}`
    : `access key ${key}`
}
