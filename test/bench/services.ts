import {
  DeleteTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb'
import { DeleteBucketCommand } from '@aws-sdk/client-s3'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { startDynamoDb } from '../../infra/local/dynamodb/start-dynamodb.ts'
import { startS3 } from '../../infra/local/s3/start-s3.ts'
import { createBuckets, createTables } from '../../infra/local/stores/create-stores.ts'
import { type LocalStores, openLocalStores } from '../../infra/local/stores/local-stores.ts'
import { emptyBucket } from '../../infra/local/stores/wipe-store.ts'
import { LOCAL_CREDENTIALS } from '../../shared/runtime/local-credentials.ts'

/** The services of a run, and the tables and buckets in them that only this run uses. */
export interface BenchServices {
  /** The environment variables with which a process finds the services, tables and buckets. */
  readonly env: Readonly<Record<string, string>>
  readonly stores: LocalStores
  readonly endpoints: { readonly dynamo: string; readonly s3: string }
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** The processes of the local services, by name. They are unknown if the caller has given endpoints. */
  readonly pids: Readonly<Record<string, number>>
  /** True if DynamoDB is dynalite, which counts only half of the units of a consistent scan. */
  readonly isDynalite: boolean
  /** A folder for temporary files. */
  readonly folder: string
  stop(): Promise<void>
}

/**
 * Starts the local services in processes of their own, or uses the servers at `AWS_ENDPOINT_URL_DYNAMODB` and
 * `AWS_ENDPOINT_URL_S3`. Only servers on this machine are accepted. `stop` deletes the tables and buckets.
 */
export const startServices = async (given: Readonly<Record<string, string | undefined>>): Promise<BenchServices> => {
  const folder = await mkdtemp(join(tmpdir(), 'specstar-bench-'))
  const parts: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) await part()
  }
  try {
    const pids: Record<string, number> = {}
    const endpointOf = async (
      name: string,
      variable: string,
      start: () => ReturnType<typeof startDynamoDb>,
    ): Promise<string> => {
      const endpoint = given[variable] ?? ''
      if (endpoint !== '') return endpoint
      const server = await start()
      parts.push(() => server.stop())
      pids[name] = server.pid
      return server.endpoint
    }
    const dynamo = await endpointOf('dynamodb', 'AWS_ENDPOINT_URL_DYNAMODB', () =>
      startDynamoDb({ port: 0, dir: join(folder, 'dynamodb') }),
    )
    const s3 = await endpointOf('s3', 'AWS_ENDPOINT_URL_S3', () => startS3({ port: 0, dir: join(folder, 's3') }))
    const credentials = {
      accessKeyId: given['AWS_ACCESS_KEY_ID'] ?? LOCAL_CREDENTIALS.accessKeyId,
      secretAccessKey: given['AWS_SECRET_ACCESS_KEY'] ?? LOCAL_CREDENTIALS.secretAccessKey,
    }
    const env = environmentOf(folder, { dynamo, s3 }, credentials)
    const stores = await openLocalStores(env)
    await Promise.all([createTables(stores.dynamo, stores.config), createBuckets(stores.s3, stores.config)])
    parts.push(() => deleteStores(stores))
    return {
      env,
      stores,
      endpoints: { dynamo, s3 },
      credentials,
      pids,
      isDynalite: 'dynamodb' in pids,
      folder,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const environmentOf = (
  folder: string,
  { dynamo, s3 }: BenchServices['endpoints'],
  { accessKeyId, secretAccessKey }: BenchServices['credentials'],
): Record<string, string> => {
  // No other program uses these names, so the run cannot delete the data of others.
  const prefix = `specstar-bench-${randomUUID().slice(0, 8)}`
  return {
    PATH: process.env['PATH'] ?? '',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_DYNAMODB: dynamo,
    AWS_ENDPOINT_URL_S3: s3,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    RESOURCE_TABLE: `${prefix}-resources`,
    JOB_TABLE: `${prefix}-jobs`,
    BLOB_BUCKET: `${prefix}-blobs`,
    ARCHIVE_BUCKET: `${prefix}-archives`,
    RESTORE_BUCKET: `${prefix}-restores`,
    WORK_BUCKET: `${prefix}-work`,
    DATA_DIR: join(folder, 'program'),
    PORT: '0',
  }
}

const deleteStores = async ({ dynamo, s3, config }: LocalStores): Promise<void> => {
  for (const table of Object.values(config.tables)) await deleteTable(dynamo, table)
  for (const Bucket of Object.values(config.buckets)) {
    await emptyBucket(s3, Bucket)
    await s3.send(new DeleteBucketCommand({ Bucket }))
  }
}

/**
 * Deletes a table. If the response to a request is late, the client repeats the request, and the table is gone by then.
 */
const deleteTable = async (dynamo: DynamoDBClient, name: string): Promise<void> => {
  try {
    await dynamo.send(new DeleteTableCommand({ TableName: name }))
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error
  }
}

/** Deletes all resources and blobs. Recreating the table is faster than deleting its items. */
export const emptyStore = async ({ dynamo, s3, config }: LocalStores): Promise<void> => {
  await deleteTable(dynamo, config.tables.resources)
  await waitUntilTableNotExists(
    // dynalite deletes some thousand items a second.
    { client: dynamo, maxWaitTime: 900, minDelay: 1 },
    { TableName: config.tables.resources },
  )
  await createTables(dynamo, config)
  await emptyBucket(s3, config.buckets.blobs)
}

/** Deletes the archives and work files of earlier jobs, so that the disk does not fill up. */
export const deleteArchives = async ({ s3, config }: LocalStores): Promise<void> => {
  await emptyBucket(s3, config.buckets.archives)
  await emptyBucket(s3, config.buckets.work)
}

/** Stops the services when the user presses Ctrl-C, because the folder with their data can have gigabytes. */
export const stopOnInterrupt = (services: BenchServices): void => {
  process.once('SIGINT', () => {
    void services.stop().finally(() => process.exit(130))
  })
}
