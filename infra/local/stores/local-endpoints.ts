import * as z from 'zod'
import { schemaMessage } from '../../../shared/values/schema-messages.ts'
import { LOCAL_CREDENTIALS } from '../../../shared/runtime/local-credentials.ts'

/** The servers of the running local program, and the access key for them. */
interface LocalEndpoints {
  readonly dynamo: string
  readonly s3: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** Thrown by commands that change data, if an endpoint is on another machine. */
export class NotLocalError extends Error {
  override readonly name = 'NotLocalError'
  readonly endpoint: string

  constructor(endpoint: string) {
    super(
      `${endpoint} is not on this machine: this command changes data, so it accepts only servers at 127.0.0.1, ` +
        'localhost or [::1]',
    )
    this.endpoint = endpoint
  }
}

/** Thrown if no server responds at an endpoint. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  readonly endpoint: string

  constructor(service: string, endpoint: string, variable: string) {
    super(
      `no ${service} server responds at ${endpoint}: start the local program with \`npm start\`. ` +
        `If the program is running with another ${variable}, set ${variable} to the same value for this command`,
    )
    this.endpoint = endpoint
  }
}

const LOCAL_HOSTS = ['127.0.0.1', 'localhost', '[::1]']
/** A server on this machine responds within milliseconds. A server that needs longer than this hangs. */
const TIMEOUT_MS = 5_000

const PORT = 'must be the number of a port, from 1 to 65535'
const Port = z.coerce.number(PORT).int(PORT).min(1, PORT).max(65_535, PORT)
const Environment = z.object({
  S3_PORT: Port.default(9000),
  DYNAMODB_PORT: Port.default(8000),
  AWS_ENDPOINT_URL_S3: z.url().optional(),
  AWS_ENDPOINT_URL_DYNAMODB: z.url().optional(),
  AWS_ACCESS_KEY_ID: z.string().default(LOCAL_CREDENTIALS.accessKeyId),
  AWS_SECRET_ACCESS_KEY: z.string().default(LOCAL_CREDENTIALS.secretAccessKey),
})

/**
 * Returns the endpoints of the local program, from the variables that `npm start` also reads, and the access key. If
 * `AWS_ENDPOINT_URL_S3` replaces the local S3 service, the access key is the key in the environment. Otherwise, it is
 * the fixed key of the local services. Throws `NotLocalError` if an endpoint is on another machine.
 */
export const localEndpoints = (env: Readonly<Record<string, string | undefined>>): LocalEndpoints => {
  const read = Environment.parse(env, { error: schemaMessage })
  const dynamo = read.AWS_ENDPOINT_URL_DYNAMODB ?? `http://127.0.0.1:${read.DYNAMODB_PORT}`
  const s3 = read.AWS_ENDPOINT_URL_S3 ?? `http://127.0.0.1:${read.S3_PORT}`
  for (const endpoint of [dynamo, s3])
    if (!LOCAL_HOSTS.includes(new URL(endpoint).hostname)) throw new NotLocalError(endpoint)
  const isLocalService = read.AWS_ENDPOINT_URL_S3 === undefined
  return {
    dynamo,
    s3,
    credentials: isLocalService
      ? LOCAL_CREDENTIALS
      : { accessKeyId: read.AWS_ACCESS_KEY_ID, secretAccessKey: read.AWS_SECRET_ACCESS_KEY },
  }
}

/** Checks that both servers respond to an HTTP request, with any status. Otherwise throws `NoAnswerError`. */
export const probe = async ({ dynamo, s3 }: LocalEndpoints): Promise<void> => {
  await checkAnswers('DynamoDB', dynamo, 'DYNAMODB_PORT')
  await checkAnswers('S3', s3, 'S3_PORT')
}

const checkAnswers = async (service: string, endpoint: string, variable: string): Promise<void> => {
  try {
    const response = await fetch(endpoint, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    await response.body?.cancel()
  } catch {
    throw new NoAnswerError(service, endpoint, variable)
  }
}
