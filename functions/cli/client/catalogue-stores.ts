import { ArchiveCatalogue } from '../../../shared/catalogue/aws/archive-catalogue.ts'
import { JobStore } from '../../../shared/jobs/aws/job-store.ts'
import { ObjectStore } from '../../../shared/objects/aws/object-store.ts'
import { dynamoDB } from '../../../shared/runtime/clients.ts'
import { readConfig } from '../../../shared/runtime/config.ts'
import { LOCAL_CREDENTIALS } from '../../../shared/runtime/local-credentials.ts'
import { UsageError } from '../usage-error.ts'
import { credentialsOf } from './credentials.ts'
import { s3ClientOf } from './s3-client.ts'
import { isLocal } from './private-url.ts'
import { localStore, type Settings } from './settings.ts'

/** The names of the stores on AWS, as the user has given them, and the URL of DynamoDB if it is set. */
export interface CatalogueLocation {
  readonly jobTable?: string | undefined
  readonly archiveBucket?: string | undefined
  readonly dynamodbEndpoint?: string | undefined
}

/** The stores of a deployment or of the local program. */
export interface CatalogueStores {
  readonly catalogue: ArchiveCatalogue
  readonly jobs: JobStore
  readonly objects: ObjectStore
  readonly config: { readonly buckets: { readonly archives: string } }
}

/**
 * Returns the stores with which the catalogue is rebuilt. The local program has stores with fixed names. Throws
 * `UsageError` if the names of the stores on AWS or their region are unknown.
 */
export const catalogueStores = (
  settings: Settings,
  { jobTable, archiveBucket, dynamodbEndpoint }: CatalogueLocation,
): CatalogueStores => {
  const isOnAws = !isLocal(settings)
  if (isOnAws && (jobTable === undefined || archiveBucket === undefined))
    throw new UsageError(
      '--job-table and --archive-bucket must both be set for a deployment on AWS; the name of the table is ' +
        '{deployment}-jobs, and the name of the bucket is the stack output ArchiveBucketName',
    )
  if (isOnAws && settings.region === undefined)
    throw new UsageError('--region: must be set, because no other setting contains the region of the deployment')
  const local = readConfig({})
  const table = jobTable ?? local.tables.jobs
  const endpoint = dynamodbEndpoint ?? (isOnAws ? undefined : localStore(settings, 'DYNAMODB_PORT'))
  const client = dynamoDB({
    region: settings.region ?? local.region,
    credentials: endpoint !== undefined && isLocal({ endpoint }) ? LOCAL_CREDENTIALS : credentialsOf(settings),
    ...(endpoint === undefined ? {} : { endpoint }),
  })
  return {
    catalogue: new ArchiveCatalogue(client, table),
    jobs: new JobStore(client, table),
    objects: new ObjectStore(
      s3ClientOf(settings, settings.s3Endpoint ?? (isOnAws ? undefined : localStore(settings, 'S3_PORT'))),
    ),
    config: { buckets: { archives: archiveBucket ?? local.buckets.archives } },
  }
}
