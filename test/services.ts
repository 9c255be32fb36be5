import { DeleteTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { S3Client } from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { startDynamoDb } from '../infra/local/dynamodb/start-dynamodb.ts'
import { startS3 } from '../infra/local/s3/start-s3.ts'
import { dynamoDB, s3 } from '../shared/runtime/clients.ts'
import { type Config, readConfig } from '../shared/runtime/config.ts'
import { createBuckets, createTables } from '../infra/local/stores/create-stores.ts'

/** Clients of running servers, with tables and buckets that only this test uses. */
export interface TestServers {
  readonly config: Config
  readonly dynamo: DynamoDBClient
  readonly s3: S3Client
  readonly endpoints: { readonly dynamo: string; readonly s3: string }
  /** Creates another client of the same servers, into which faults can be injected without affecting the others. */
  newDynamo(): DynamoDBClient
  newS3(): S3Client
  stop(): Promise<void>
}

const LOCAL = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

/**
 * Starts the local services and creates the stores. `AWS_ENDPOINT_URL_DYNAMODB` and `AWS_ENDPOINT_URL_S3` name other
 * servers.
 */
export const startServices = async (config = ownNames(readConfig({}))): Promise<TestServers> => {
  const services = await startEndpoints()
  const stores = await createStores(services.endpoints, config)
  return {
    ...stores,
    stop: async () => {
      await stores.stop()
      await services.stop()
    },
  }
}

/**
 * Creates the stores in local services that all test files of a worker share. The first call in a worker starts the
 * services, and they end with the worker. Starting them for each file would take a tenth of the time of `npm test`.
 *
 * `stop` deletes the tables, which are in memory. The buckets are in the temporary folder of the run, which is deleted
 * at its end.
 */
export const useServices = async (config = ownNames(readConfig({}))): Promise<TestServers> => {
  workerServices ??= startEndpoints()
  const { endpoints } = await workerServices.catch((error: unknown) => {
    workerServices = undefined
    throw error
  })
  const stores = await createStores(endpoints, config)
  return {
    ...stores,
    stop: async () => {
      // The other clients may still contain faults of a test.
      const dynamo = stores.newDynamo()
      try {
        for (const TableName of Object.values(config.tables)) await dynamo.send(new DeleteTableCommand({ TableName }))
      } finally {
        await stores.stop()
      }
    },
  }
}

let workerServices: Promise<RunningServices> | undefined

interface RunningServices {
  readonly endpoints: TestServers['endpoints']
  stop(): Promise<void>
}

const startEndpoints = async (): Promise<RunningServices> => {
  const stops: (() => Promise<void>)[] = []
  const dynamo = process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? (await ownDynamo(stops))
  const s3Endpoint = process.env['AWS_ENDPOINT_URL_S3'] ?? (await ownS3(stops))
  return {
    endpoints: { dynamo, s3: s3Endpoint },
    stop: async () => {
      for (const stop of stops) await stop()
    },
  }
}

const createStores = async (endpoints: TestServers['endpoints'], config: Config): Promise<TestServers> => {
  const credentials = testCredentials()
  const clients: { destroy(): void }[] = []
  const kept = <Client extends { destroy(): void }>(client: Client): Client => {
    clients.push(client)
    return client
  }
  const newDynamo = (): DynamoDBClient =>
    kept(dynamoDB({ region: config.region, endpoint: endpoints.dynamo, credentials }))
  const newS3 = (): S3Client => kept(s3({ region: config.region, endpoint: endpoints.s3, credentials }))
  const servers = { config, dynamo: newDynamo(), s3: newS3(), endpoints, newDynamo, newS3 }
  await Promise.all([createTables(servers.dynamo, config), createBuckets(servers.s3, config)])
  return {
    ...servers,
    stop: () => {
      for (const client of clients) client.destroy()
      return Promise.resolve()
    },
  }
}

/** Returns the access key of another S3 server from the environment, or the fixed access key of the local services. */
export const testCredentials = (): { readonly accessKeyId: string; readonly secretAccessKey: string } => {
  const { AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = process.env
  return AWS_ENDPOINT_URL_S3 === undefined || accessKeyId === undefined || secretAccessKey === undefined
    ? { ...LOCAL }
    : { accessKeyId, secretAccessKey }
}

/**
 * Returns the variables that make the local program use the same servers as `startServices`, with its own tables and
 * buckets. Returns no variables if the environment names no other servers.
 */
export const otherServers = (): Record<string, string> => {
  const { AWS_ENDPOINT_URL_DYNAMODB: dynamo, AWS_ENDPOINT_URL_S3: s3Endpoint } = process.env
  if (dynamo === undefined && s3Endpoint === undefined) return {}
  const { tables, buckets } = ownNames(readConfig({}))
  const { accessKeyId, secretAccessKey } = testCredentials()
  return {
    ...(dynamo === undefined ? {} : { AWS_ENDPOINT_URL_DYNAMODB: dynamo }),
    ...(s3Endpoint === undefined
      ? {}
      : { AWS_ENDPOINT_URL_S3: s3Endpoint, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }),
    RESOURCE_TABLE: tables.resources,
    JOB_TABLE: tables.jobs,
    BLOB_BUCKET: buckets.blobs,
    ARCHIVE_BUCKET: buckets.archives,
    RESTORE_BUCKET: buckets.restores,
    WORK_BUCKET: buckets.work,
  }
}

const ownDynamo = async (stops: (() => Promise<void>)[]): Promise<string> => {
  const server = await startDynamoDb({ port: 0 })
  stops.push(() => server.stop())
  return server.endpoint
}

const ownS3 = async (stops: (() => Promise<void>)[]): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'specstar-s3-'))
  const server = await startS3({ port: 0, dir })
  stops.push(async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  })
  return server.endpoint
}

/** Unique names, so that test files can share a server. */
const ownNames = (config: Config): Config => {
  const own = (name: string): string => `${name}-${randomUUID().slice(0, 8)}`
  return {
    ...config,
    tables: { resources: own(config.tables.resources), jobs: own(config.tables.jobs) },
    buckets: {
      blobs: own(config.buckets.blobs),
      archives: own(config.buckets.archives),
      restores: own(config.buckets.restores),
      work: own(config.buckets.work),
    },
  }
}
