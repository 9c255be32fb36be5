import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import process from 'node:process'

/** The servers that a client calls. Absent members come from the environment. */
export interface ClientOptions {
  readonly region: string
  readonly endpoint?: string
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** Sockets that a client keeps open: a stage has at most 64 small requests in flight. */
const MAX_SOCKETS = 64
/** More than the SDK's default of three: a stage would otherwise retry a whole pass, which takes minutes. */
const MAX_ATTEMPTS = 5

const LOGGER = 'loggerMiddleware'

const agents = { httpAgent: { maxSockets: MAX_SOCKETS }, httpsAgent: { maxSockets: MAX_SOCKETS } }

/**
 * A write that is retried after a timeout must not arrive when another job has taken over the lease. With this timeout, all attempts
 * of a request end between the last permitted write under a lease and its takeover (`jobs/aws/leases.ts`). S3 has no such limit,
 * because bodies may take long.
 */
const DYNAMODB_TIMEOUT_MS = 10_000

/** A low-level DynamoDB client without the SDK's logging, which deep-copies every response and doubles the CPU time. */
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
 * An S3 client that sends checksums only where the code requests them. The SDK's default would add a checksum to parts of uploads
 * that declare none, and sign the checksum of an empty body into presigned uploads.
 */
export const s3 = ({ region, endpoint, credentials }: ClientOptions): S3Client => {
  const local = endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL']
  const config: S3ClientConfig = {
    region,
    maxAttempts: MAX_ATTEMPTS,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Other servers than AWS have no host name per bucket.
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
