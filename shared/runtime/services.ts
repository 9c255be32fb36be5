import type { ArchiveCatalogue } from '../catalogue/aws/archive-catalogue.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { PayloadStore } from '../blobs/payload-store.ts'
import type { JobEvents } from '../jobs/job-events.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import type { Leases } from '../jobs/aws/leases.ts'
import type { ShardRecords } from '../jobs/aws/shard-records.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { WorkflowEngine } from '../jobs/workflow-engine.ts'
import type { BucketSettings } from '../objects/aws/bucket-settings.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { SignedUrls } from '../objects/aws/signed-urls.ts'
import type { ModelRegistry } from '../resources/models.ts'
import type { TableDescriptions } from '../tables/aws/table-descriptions.ts'
import type { ResourceKeys } from '../resources/aws/resource-keys.ts'
import type { ArchiveCopies } from '../schedules/aws/archive-copies.ts'
import type { ArchiveJudgements } from '../schedules/aws/archive-judgements.ts'
import type { ScheduleRecords } from '../schedules/aws/schedule-records.ts'
import type { ResourceStore } from '../resources/aws/resource-store.ts'
import type { Config } from './config.ts'
import type { Limits } from '../jobs/limits.ts'

/**
 * The configuration, stores and clients that the handlers of one process use. Only handlers receive the whole object
 * `Services`. Functions in the domain folders receive only those members of `Services` that they use.
 */
export interface Services {
  readonly config: Config
  readonly limits: Limits
  readonly models: ModelRegistry
  readonly resources: ResourceStore
  readonly resourceKeys: ResourceKeys
  readonly tableDescriptions: TableDescriptions
  readonly blobs: BlobStore
  readonly payloads: PayloadStore
  readonly objects: ObjectStore
  /** Accesses the bucket to which the archives of schedules are copied. */
  readonly copies: ObjectStore
  readonly bucketSettings: BucketSettings
  readonly workFiles: WorkFiles
  readonly urls: SignedUrls
  readonly jobs: JobStore
  readonly shardRecords: ShardRecords
  readonly leases: Leases
  readonly archiveJudgements: ArchiveJudgements
  readonly archiveCopies: ArchiveCopies
  readonly scheduleRecords: ScheduleRecords
  readonly catalogue: ArchiveCatalogue
  readonly workflows: WorkflowEngine
  readonly events: JobEvents
  readonly clock: () => Date
}
