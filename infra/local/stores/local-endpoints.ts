import { z } from 'zod'

/** The local program's servers, and the credentials that they take. */
export interface LocalEndpoints {
  readonly dynamo: string
  readonly s3: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** The endpoint is on another machine: sample data and wiping are for this one only. */
export class NotLocalError extends Error {
  override readonly name = 'NotLocalError'
  readonly endpoint: string

  constructor(endpoint: string) {
    super(`${endpoint} is not on this machine (127.0.0.1, localhost or [::1]): refused`)
    this.endpoint = endpoint
  }
}

/** Nothing listens at the endpoint. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  readonly endpoint: string

  constructor(server: string, endpoint: string, variable: string) {
    super(`nothing answers at ${endpoint} (${server}): begin with \`npm start\`, and give both the same ${variable}`)
    this.endpoint = endpoint
  }
}

const LOCAL_HOSTS = ['127.0.0.1', 'localhost', '[::1]']
/** A server on this machine that has not answered by then hangs. */
const ANSWER_WITHIN_MS = 5_000

const Port = z.coerce.number().int().min(1).max(65_535)
const Environment = z.object({
  S3_PORT: Port.default(9000),
  DYNAMODB_PORT: Port.default(8000),
  AWS_ENDPOINT_URL_S3: z.url().optional(),
  AWS_ENDPOINT_URL_DYNAMODB: z.url().optional(),
  AWS_ACCESS_KEY_ID: z.string().default('S3RVER'),
  AWS_SECRET_ACCESS_KEY: z.string().default('S3RVER'),
})

/**
 * Where the local program's servers are, by the variables that it takes itself. The stand-ins know one pair of credentials;
 * servers in their place (`AWS_ENDPOINT_URL_*`) have their own, from the environment. Throws `NotLocalError`.
 */
export const localEndpoints = (env: Readonly<Record<string, string | undefined>>): LocalEndpoints => {
  const read = Environment.parse(env)
  const dynamo = read.AWS_ENDPOINT_URL_DYNAMODB ?? `http://127.0.0.1:${read.DYNAMODB_PORT}`
  const s3 = read.AWS_ENDPOINT_URL_S3 ?? `http://127.0.0.1:${read.S3_PORT}`
  for (const endpoint of [dynamo, s3])
    if (!LOCAL_HOSTS.includes(new URL(endpoint).hostname)) throw new NotLocalError(endpoint)
  const standIn = read.AWS_ENDPOINT_URL_S3 === undefined
  return {
    dynamo,
    s3,
    credentials: standIn
      ? { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }
      : { accessKeyId: read.AWS_ACCESS_KEY_ID, secretAccessKey: read.AWS_SECRET_ACCESS_KEY },
  }
}

/** Sees that both servers answer, whatever they say. Throws `NoAnswerError`. */
export const probe = async ({ dynamo, s3 }: LocalEndpoints): Promise<void> => {
  await answers('DynamoDB', dynamo, 'DYNAMODB_PORT')
  await answers('S3', s3, 'S3_PORT')
}

const answers = async (server: string, endpoint: string, variable: string): Promise<void> => {
  try {
    const response = await fetch(endpoint, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    await response.body?.cancel()
  } catch {
    throw new NoAnswerError(server, endpoint, variable)
  }
}
