import {
  CreateTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import {
  BucketAlreadyExists,
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  PutBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { Config } from '../../../shared/runtime/config.ts'

/** Creates the resource table and the job table unless they exist. Also enables the expiry of jobs. */
export const createTables = async (client: DynamoDBClient, { tables }: Pick<Config, 'tables'>): Promise<void> => {
  await Promise.all(Object.values(tables).map((name) => createTable(client, name)))
  await expireJobs(client, tables.jobs)
}

const createTable = async (client: DynamoDBClient, name: string): Promise<void> => {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      }),
    )
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error
  }
  await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 }, { TableName: name })
}

/**
 * Makes DynamoDB delete each item of the job table at the time in its attribute `expires`. Ignores the errors of
 * servers that do not support expiry, and of tables that have this setting already.
 */
const expireJobs = async (client: DynamoDBClient, table: string): Promise<void> => {
  try {
    await client.send(
      new UpdateTimeToLiveCommand({
        TableName: table,
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
      }),
    )
  } catch (error) {
    if (!(error instanceof Error && ['ValidationException', 'UnknownOperationException'].includes(error.name)))
      throw error
  }
}

/**
 * Creates the four buckets unless they exist. As in `infra/backup-stores.ts`, all buckets except the work bucket are
 * versioned.
 */
export const createBuckets = async (client: S3Client, { buckets }: Pick<Config, 'buckets'>): Promise<void> => {
  await Promise.all(
    Object.entries(buckets).map(async ([purpose, bucket]) => {
      await createBucket(client, bucket)
      if (purpose !== 'work') await enableVersioning(client, bucket)
    }),
  )
}

const createBucket = async (client: S3Client, bucket: string): Promise<void> => {
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou || error instanceof BucketAlreadyExists)) throw error
  }
}

/** The error codes of S3 servers without versioning. The program works with such servers, but cannot pin versions. */
const WITHOUT_VERSIONS = ['NotImplemented', 'VersioningNotConfigured']

const enableVersioning = async (client: S3Client, bucket: string): Promise<void> => {
  try {
    const VersioningConfiguration = { Status: 'Enabled' as const }
    await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }))
  } catch (error) {
    if (!(error instanceof Error && WITHOUT_VERSIONS.includes(error.name))) throw error
  }
}
