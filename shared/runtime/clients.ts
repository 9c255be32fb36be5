import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type {
  AwsCredentialIdentity,
  AwsCredentialIdentityProvider,
  InitializeMiddleware,
  MiddlewareStack,
} from '@smithy/types'
import process from 'node:process'
import { addThrottling } from '../throttling/add-throttling.ts'
import { MAX_IN_FLIGHT } from '../throttling/attempt-limit.ts'
import { ThrottlingRetryStrategy } from '../throttling/throttling-retry-strategy.ts'
import { recordOperation } from './record-operation.ts'

/**
 * The server to which a client sends requests. If `endpoint` or `credentials` is absent, the SDK reads it from the
 * environment.
 */
export interface ClientOptions {
  readonly region: string
  readonly endpoint?: string
  readonly credentials?: AwsCredentialIdentity | AwsCredentialIdentityProvider
}

interface S3Options extends ClientOptions {
  /** If true, a request for a bucket of another region is repeated in its region. */
  readonly followRegionRedirects?: boolean
}

/** A stage sends at most 64 small requests at the same time. */
const agents = { httpAgent: { maxSockets: MAX_IN_FLIGHT }, httpsAgent: { maxSockets: MAX_IN_FLIGHT } }

/**
 * The time limit for one attempt of a DynamoDB request. Because of this limit, all attempts of a write that a lease
 * permits end before another job can take the lease (`jobs/aws/leases.ts`). S3 requests have no such limit, because
 * large bodies take long.
 */
const DYNAMODB_TIMEOUT_MS = 10_000

/** Creates a low-level DynamoDB client. */
export const dynamoDB = ({ region, endpoint, credentials }: ClientOptions): DynamoDBClient => {
  const config: DynamoDBClientConfig = {
    region,
    retryStrategy: new ThrottlingRetryStrategy('DynamoDB'),
    requestHandler: { ...agents, requestTimeout: DYNAMODB_TIMEOUT_MS, throwOnRequestTimeout: true },
  }
  const client = new DynamoDBClient({
    ...config,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  })
  return prepareClient(client, 'DynamoDB')
}

/**
 * Creates an S3 client that sends a checksum only if the code requests it. By default, the SDK adds a checksum to each
 * part of an upload, even if the upload was created without checksums. In presigned URLs for uploads, the SDK would
 * sign the checksum of an empty body.
 */
export const s3 = ({ region, endpoint, credentials, followRegionRedirects = false }: S3Options): S3Client => {
  const local = endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL']
  const config: S3ClientConfig = {
    region,
    retryStrategy: new ThrottlingRetryStrategy('S3'),
    followRegionRedirects,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Local S3 servers have no host name for each bucket, so the path contains the bucket.
    forcePathStyle: local !== undefined,
    requestHandler: agents,
  }
  const client = new S3Client({
    ...config,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  })
  return prepareClient(client, 'S3')
}

/** The part of an SDK client that `prepareClient` changes. */
interface Preparable<Input extends object, Output extends object> {
  readonly middlewareStack: Pick<MiddlewareStack<Input, Output>, 'add' | 'addRelativeTo' | 'remove'>
}

/**
 * Adds the middlewares of the project to a client whose retry strategy is `ThrottlingRetryStrategy`. `service` is the
 * name of the service in messages. Removes the SDK's logging, because it copies every response and
 * doubles the CPU time. Returns the client.
 */
export const prepareClient = <Input extends object, Output extends object, Client extends Preparable<Input, Output>>(
  client: Client & Preparable<Input, Output>,
  service: string,
): Client => {
  const recorded: InitializeMiddleware<Input, Output> =
    (next, { commandName }) =>
    (args) =>
      recordOperation(commandName, args.input, () => next(args))
  client.middlewareStack.remove('loggerMiddleware')
  client.middlewareStack.add(recorded, { step: 'initialize', name: 'recordOperation' })
  addThrottling(client, service)
  return client
}
