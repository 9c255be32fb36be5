import type { ServerName } from './servers.ts'

/** The contract suites of the stores in DynamoDB. */
const DYNAMODB_CONTRACTS = [
  'test/catalogue/archive-catalogue.test.ts',
  'test/jobs/job-store.test.ts',
  'test/jobs/leases.test.ts',
  'test/jobs/reservations.test.ts',
  'test/jobs/shard-records.test.ts',
  'test/resources/resource-keys.test.ts',
  'test/resources/resource-store.test.ts',
  'test/resources/resource-writer.test.ts',
  'test/schedules/archive-judgements.test.ts',
]

/** The contract suites of S3 itself and of the stores in S3. */
const S3_CONTRACTS = [
  'test/infra/local/s3/s3.test.ts',
  'test/objects/object-store.test.ts',
  'test/objects/composer.test.ts',
  'test/blobs/blob-store.test.ts',
  'test/blobs/blob-references.test.ts',
]

/**
 * Workflow tests that make different calls to the stores. The others differ from them in the data or in the damage, not
 * in the calls; all of them would take about half an hour.
 */
const WORKFLOWS = [
  'test/workflows/round-trip.test.ts',
  'test/workflows/cancel.test.ts',
  'test/workflows/changing-archive.test.ts',
  'test/workflows/expired-lease.test.ts',
  'test/workflows/export-writers.test.ts',
  'test/workflows/orphaned-revisions.test.ts',
  'test/workflows/records-passes.test.ts',
  'test/workflows/verification.test.ts',
]

/**
 * Workflow tests that delete blobs and create them again on the condition that they are absent. They do not run on
 * versitygw, which rejects such a write if the bucket has versions of the object.
 */
const CONDITIONAL_WORKFLOWS = [
  'test/workflows/blobs.test.ts',
  'test/workflows/blob-headers.test.ts',
  'test/workflows/concurrent-writers.test.ts',
  'test/workflows/strategies.test.ts',
]

/** Test files, and the servers on which they run. The local services replace the servers that a suite does not name. */
export interface Suite {
  readonly title: string
  readonly servers: readonly ServerName[]
  readonly files: readonly string[]
}

export const SUITES: readonly Suite[] = [
  { title: 'contracts', servers: ['dynamodb-local'], files: DYNAMODB_CONTRACTS },
  { title: 'contracts', servers: ['minio'], files: S3_CONTRACTS },
  { title: 'contracts', servers: ['versitygw'], files: S3_CONTRACTS },
  { title: 'workflows', servers: ['dynamodb-local', 'minio'], files: [...WORKFLOWS, ...CONDITIONAL_WORKFLOWS] },
  { title: 'workflows', servers: ['versitygw'], files: WORKFLOWS },
]

/** The servers of each run of the demo. */
export const DEMOS: readonly (readonly ServerName[])[] = [['dynamodb-local', 'minio'], ['versitygw']]
