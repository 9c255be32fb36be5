import type { JobKind } from '../shared/jobs/workflow-engine.ts'

/**
 * What a function may do, on which tables and on which keys of which buckets.
 * A test runs every function and compares its calls with its permissions: each call must be allowed, and nothing else.
 */
export interface Permissions {
  readonly resources?: readonly DynamoAction[]
  readonly jobs?: readonly DynamoAction[]
  readonly blobs?: readonly S3Permission[]
  readonly archives?: readonly S3Permission[]
  readonly restores?: readonly S3Permission[]
  readonly work?: readonly S3Permission[]
  /** Reads archives in the buckets that the setting `restore_from` names. */
  readonly readsOtherBuckets?: true
  readonly startsWorkflows?: readonly JobKind[]
  readonly stopsWorkflows?: readonly JobKind[]
  /** Publishes an event when a job ends. */
  readonly publishesEvents?: true
  /** Signs URLs with the signer role. */
  readonly signsUrls?: true
}

type DynamoAction = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'BatchWriteItem'
type S3Action = 'GetObject' | 'GetObjectVersion' | 'PutObject' | 'DeleteObject' | 'AbortMultipartUpload' | 'ListBucket'

/**
 * Actions on the keys of one bucket; `*` in a key stands for any text.
 * `ListBucket` applies to the whole bucket. Functions that read keys that may be missing need it, because without it S3
 * answers 403 instead of 404.
 */
export interface S3Permission {
  readonly actions: readonly S3Action[]
  readonly keys: readonly string[]
}

const WORK_KEYS = ['work/*']
export const READ_WORK: S3Permission = { actions: ['GetObject'], keys: WORK_KEYS }
/** Reads work files that may be missing. */
export const FIND_WORK: S3Permission = { actions: ['GetObject', 'ListBucket'], keys: WORK_KEYS }
export const WRITE_WORK: S3Permission = { actions: ['PutObject'], keys: WORK_KEYS }
/** Writes segments as multipart uploads. A pass that fails aborts its upload. */
export const COMPOSE_WORK: S3Permission = { actions: ['PutObject', 'AbortMultipartUpload'], keys: WORK_KEYS }

export const BLOB_KEYS = ['blobs/*', 'payloads/*']
export const PAYLOAD_KEYS = ['payloads/*']
/** A referenced object may be missing. One that was found is read by its version. */
const READ_REFERENCED = ['GetObject', 'GetObjectVersion', 'ListBucket'] as const
export const READ_BLOBS: S3Permission = { actions: READ_REFERENCED, keys: BLOB_KEYS }
export const READ_PAYLOADS: S3Permission = { actions: READ_REFERENCED, keys: PAYLOAD_KEYS }

/** Keys of the archives that exports compose. */
export const ARCHIVE_KEYS = ['exports/*', 'scheduled/*']
export const SCHEDULED_KEYS = ['scheduled/*']

/** The archive of a restore is in the archive or restore bucket, or in a bucket of the setting `restore_from`. */
const onAnyArchive = (actions: readonly S3Action[]): Permissions => {
  const anyKey = [{ actions, keys: ['*'] }]
  return { archives: anyKey, restores: anyKey, readsOtherBuckets: true }
}
export const READ_ARCHIVE = onAnyArchive(['GetObject', 'GetObjectVersion'])
/** Reads an archive that may be missing. */
export const FIND_ARCHIVE = onAnyArchive(['GetObject', 'GetObjectVersion', 'ListBucket'])

/** The report of a restore that an upload started is written next to the upload. */
const UPLOAD_REPORT_KEYS = ['*.report.json']
export const WRITE_UPLOAD_REPORT: S3Permission = { actions: ['PutObject'], keys: UPLOAD_REPORT_KEYS }

/** Creates a job, or finds the job of an earlier request. Meanwhile a reservation row counts against the job limit. */
export const START_JOB = ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem'] as const
/** Reads the job and stores the result of a pass. Every stage also stores the error that it fails with. */
export const RUN_PASS = ['GetItem', 'PutItem'] as const
/** Also updates the job's phase or status, or renews a lease. */
export const UPDATE_JOB = [...RUN_PASS, 'UpdateItem'] as const
/** Reads the results of earlier passes and stores the plan of the next map. */
export const PLAN_MAP = ['Query', 'PutItem', 'UpdateItem'] as const
/** Ends a job, removes it from the list of running jobs and frees its leases. */
export const END_JOB = ['GetItem', 'UpdateItem', 'DeleteItem'] as const
/** A distributed map does not report its child's error: the last stored failure is queried. */
export const FAIL_JOB = [...END_JOB, 'PutItem', 'Query'] as const

/** Aborts the unfinished upload of an export's archive. */
export const ABORT_EXPORT: Permissions = {
  work: [FIND_WORK],
  archives: [{ actions: ['AbortMultipartUpload'], keys: ARCHIVE_KEYS }],
}
/** Adds the error to the report of a restore that an upload started. */
export const REPORT_FAILURE: Permissions = {
  restores: [WRITE_UPLOAD_REPORT, { actions: ['GetObject', 'ListBucket'], keys: UPLOAD_REPORT_KEYS }],
}

/** The union of permissions. Two parts may not both name actions on one table. */
export const combine = (...parts: readonly Permissions[]): Permissions => ({
  ...parts.reduce((union, part) => ({ ...union, ...part }), {}),
  blobs: parts.flatMap(({ blobs = [] }) => blobs),
  archives: parts.flatMap(({ archives = [] }) => archives),
  restores: parts.flatMap(({ restores = [] }) => restores),
  work: parts.flatMap(({ work = [] }) => work),
})
