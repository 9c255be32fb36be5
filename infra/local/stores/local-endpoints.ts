import { z } from 'zod'
import { LOCAL_CREDENTIALS } from '../processes/credentials.ts'

/** The servers of the running local program, and the access key for them. */
export interface LocalEndpoints {
  readonly dynamo: string
  readonly s3: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** An endpoint is on another machine. Sample data is written to, and stores are wiped on, this machine only. */
export class NotLocalError extends Error {
  override readonly name = 'NotLocalError'
  readonly endpoint: string

  constructor(endpoint: string) {
    super(
      `${endpoint} is not on this machine: this command accepts only endpoints at 127.0.0.1, localhost or [::1], ` +
        'because it changes the data',
    )
    this.endpoint = endpoint
  }
}

/** No server accepts connections at an endpoint. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  readonly endpoint: string

  constructor(service: string, endpoint: string, variable: string) {
    super(
      `no ${service} server answers at ${endpoint}: start the program with \`npm start\`. ` +
        `If you set ${variable}, both commands need the same value`,
    )
    this.endpoint = endpoint
  }
}

const LOCAL_HOSTS = ['127.0.0.1', 'localhost', '[::1]']
/** A server on this machine answers within milliseconds, unless it hangs. */
const TIMEOUT_MS = 5_000

const Port = z.coerce.number().int().min(1).max(65_535)
const Environment = z.object({
  S3_PORT: Port.default(9000),
  DYNAMODB_PORT: Port.default(8000),
  AWS_ENDPOINT_URL_S3: z.url().optional(),
  AWS_ENDPOINT_URL_DYNAMODB: z.url().optional(),
  AWS_ACCESS_KEY_ID: z.string().default(LOCAL_CREDENTIALS.accessKeyId),
  AWS_SECRET_ACCESS_KEY: z.string().default(LOCAL_CREDENTIALS.secretAccessKey),
})

/**
 * Finds the servers of the local program from the same variables that `npm start` reads. The local services accept one
 * fixed access key. A server that replaces the local S3 service (`AWS_ENDPOINT_URL_S3`) gets the access key of the
 * environment. Throws `NotLocalError`.
 */
export const localEndpoints = (env: Readonly<Record<string, string | undefined>>): LocalEndpoints => {
  const read = Environment.parse(env)
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

/** Checks that both servers answer an HTTP request, with any status. Throws `NoAnswerError`. */
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
