import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { S3Client } from '@aws-sdk/client-s3'
import { ArchiveCatalogue } from '../catalogue/aws/archive-catalogue.ts'
import { BlobStore } from '../blobs/blob-store.ts'
import { PayloadStore } from '../blobs/payload-store.ts'
import type { JobEvents } from '../jobs/job-events.ts'
import { JobStore } from '../jobs/aws/job-store.ts'
import { Leases } from '../jobs/aws/leases.ts'
import { ShardRecords } from '../jobs/aws/shard-records.ts'
import { WorkFiles } from '../jobs/work-files.ts'
import type { WorkflowEngine } from '../jobs/workflow-engine.ts'
import { BucketSettings } from '../objects/aws/bucket-settings.ts'
import { ObjectStore } from '../objects/aws/object-store.ts'
import { type SignerFor, SignedUrls } from '../objects/aws/signed-urls.ts'
import { loadModelsFile } from '../resources/models.ts'
import { ResourceKeys } from '../resources/aws/resource-keys.ts'
import { ArchiveCopies } from '../schedules/aws/archive-copies.ts'
import { ArchiveJudgements } from '../schedules/aws/archive-judgements.ts'
import { ScheduleRecords } from '../schedules/aws/schedule-records.ts'
import { ResourceStore } from '../resources/aws/resource-store.ts'
import { TableDescriptions } from '../tables/aws/table-descriptions.ts'
import type { Config } from './config.ts'
import { LIMITS, type Limits } from '../jobs/limits.ts'
import type { Services } from './services.ts'

/**
 * Creates the services of one process. Throws `ModelsInvalidError` if the model registry is invalid or cannot be read.
 */
export const makeServices = async (parts: {
  readonly config: Config
  readonly dynamoDb: DynamoDBClient
  readonly s3: S3Client
  readonly workflows: WorkflowEngine
  /** Returns the client that signs URLs. By default, URLs are signed with the credentials of `s3`. */
  readonly signerFor?: SignerFor
  /** The client of the region to which archives are copied. By default, this is `s3`. */
  readonly copyS3?: S3Client
  /** By default, no events are published. */
  readonly events?: JobEvents
  readonly limits?: Partial<Limits>
  readonly clock?: () => Date
}): Promise<Services> => {
  const { config, dynamoDb, s3, workflows } = parts
  const clock = parts.clock ?? (() => new Date())
  const models = await loadModelsFile(config.models_file)
  const owners = config.restore_from.flatMap(({ bucket, account }) =>
    account === undefined ? [] : [[bucket, account] as const],
  )
  const target = config.copy_archives_to
  const ownerOf = new Map([...owners, ...(target === undefined ? [] : [[target.bucket, target.account] as const])])
  const objects = new ObjectStore(s3, ownerOf)
  const payloads = new PayloadStore(objects, config.buckets.blobs)
  return {
    config,
    limits: { ...LIMITS, ...parts.limits },
    models,
    objects,
    copies: parts.copyS3 === undefined ? objects : new ObjectStore(parts.copyS3, ownerOf),
    bucketSettings: new BucketSettings(s3),
    workFiles: new WorkFiles(objects, config.buckets.work),
    urls: new SignedUrls(parts.signerFor ?? (() => Promise.resolve({ client: s3 })), clock),
    payloads,
    resources: new ResourceStore(dynamoDb, config.tables.resources, models),
    resourceKeys: new ResourceKeys(dynamoDb, config.tables.resources),
    tableDescriptions: new TableDescriptions(dynamoDb),
    blobs: new BlobStore(objects, config.buckets.blobs),
    jobs: new JobStore(dynamoDb, config.tables.jobs, clock),
    shardRecords: new ShardRecords(dynamoDb, config.tables.jobs),
    leases: new Leases(dynamoDb, config.tables.jobs, clock),
    archiveJudgements: new ArchiveJudgements(dynamoDb, config.tables.jobs),
    archiveCopies: new ArchiveCopies(dynamoDb, config.tables.jobs),
    scheduleRecords: new ScheduleRecords(dynamoDb, config.tables.jobs),
    catalogue: new ArchiveCatalogue(dynamoDb, config.tables.jobs),
    workflows,
    events: parts.events ?? { ended: () => Promise.resolve() },
    clock,
  }
}
