import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import process from 'node:process'

/** What a caller may say of the servers it talks to; absent: what the environment says. */
export interface ClientOptions {
  readonly region: string
  readonly endpoint?: string
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** Sockets a client holds open: a stage has at most 64 small requests in flight. */
const MAX_SOCKETS = 64
/** A few more tries than the SDK's three: the stages behind it retry by whole passes, which cost minutes. */
const MAX_ATTEMPTS = 5

const LOGGER = 'loggerMiddleware'

const agents = { httpAgent: { maxSockets: MAX_SOCKETS }, httpsAgent: { maxSockets: MAX_SOCKETS } }

/**
 * A write that hangs and is then signed anew must not arrive when the lease it was sent under belongs to another: all tries of
 * a request fit between the last write of a lease and its takeover (`LeaseStore`). S3's bodies take as long as they take.
 */
const DYNAMODB_TIMEOUT_MS = 10_000

/** The low-level client. The SDK's logging would deep-copy every response: without it the client's CPU time halves. */
export const dynamoDB = ({ region, endpoint, credentials }: ClientOptions): DynamoDBClient => {
  const config: DynamoDBClientConfig = {
    region,
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: { ...agents, requestTimeout: DYNAMODB_TIMEOUT_MS, throwOnRequestTimeout: true },
  }
  const client = new DynamoDBClient({
    ...config,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  })
  client.middlewareStack.remove(LOGGER)
  return client
}

/**
 * The S3 client. Checksums are sent where a store asks for them: the SDK's default would add one to parts of uploads that
 * declared none, and sign the checksum of an empty body into presigned uploads.
 */
export const s3 = ({ region, endpoint, credentials }: ClientOptions): S3Client => {
  const local = endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL']
  const config: S3ClientConfig = {
    region,
    maxAttempts: MAX_ATTEMPTS,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Servers other than AWS have no host name a bucket.
    forcePathStyle: local !== undefined,
    requestHandler: agents,
  }
  const client = new S3Client({
    ...config,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  })
  client.middlewareStack.remove(LOGGER)
  return client
}
