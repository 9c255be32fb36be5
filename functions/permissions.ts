import type { ExistingStore } from '../shared/jobs/check-stores.ts'
import type { JobKind } from '../shared/jobs/workflow-engine.ts'

/**
 * The permissions of one function: its actions on the tables and on keys of the buckets.
 * A test runs every function. It fails if a function makes a call that its permissions do not allow, or if a permission
 * is never used.
 */
export interface Permissions {
  readonly resources?: readonly DynamoAction[]
  readonly jobs?: readonly DynamoAction[]
  readonly blobs?: readonly S3Permission[]
  readonly archives?: readonly S3Permission[]
  readonly restores?: readonly S3Permission[]
  readonly work?: readonly S3Permission[]
  /** The function reads archives in the buckets that the setting `restore_from` lists. */
  readonly readsOtherBuckets?: true
  /** The function checks the settings of these stores, if the setting `existing` names them. */
  readonly checksStores?: readonly ExistingStore[]
  readonly startsWorkflows?: readonly JobKind[]
  readonly stopsWorkflows?: readonly JobKind[]
  /** The function reads whether the executions of these workflows are running. */
  readonly readsWorkflows?: readonly JobKind[]
  /**
   * The function lists or deletes the groups of objects for which the setting `retention` contains a number of days.
   */
  readonly expiredObjects?: 'list' | 'delete'
  /** The function publishes an event when a job ends. */
  readonly publishesEvents?: true
  /** The function writes and reads copies of archives in the bucket of the setting `copy_archives_to`. */
  readonly copiesArchives?: true
  /** The function signs URLs with the signer role. */
  readonly signsUrls?: true
}

type DynamoAction =
  'GetItem' | 'BatchGetItem' | 'Query' | 'Scan' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'BatchWriteItem'
type S3Action =
  | 'GetObject'
  | 'GetObjectVersion'
  | 'GetObjectRetention'
  | 'PutObject'
  | 'DeleteObject'
  | 'AbortMultipartUpload'
  | 'ListBucket'

/**
 * Actions on the keys of one bucket. A `*` in a key matches any string.
 * `ListBucket` always applies to the whole bucket. A function that reads keys that may be missing needs `ListBucket`:
 * without this permission, S3 returns 403 instead of 404 for a missing key.
 */
interface S3Permission {
  readonly actions: readonly S3Action[]
  readonly keys: readonly string[]
}

const WORK_KEYS = ['work/*']
export const READ_WORK: S3Permission = { actions: ['GetObject'], keys: WORK_KEYS }
/** For functions that read work files that may be missing. */
export const FIND_WORK: S3Permission = { actions: ['GetObject', 'ListBucket'], keys: WORK_KEYS }
export const WRITE_WORK: S3Permission = { actions: ['PutObject'], keys: WORK_KEYS }
/** For functions that write segments, which are multipart uploads. A pass that fails aborts its upload. */
export const COMPOSE_WORK: S3Permission = { actions: ['PutObject', 'AbortMultipartUpload'], keys: WORK_KEYS }

export const BLOB_KEYS = ['blobs/*', 'payloads/*']
export const PAYLOAD_KEYS = ['payloads/*']
/**
 * For functions that read the blobs and spilled payloads to which resources refer. These objects may be missing. If
 * they exist, they are read by their version.
 */
const READ_REFERENCED = ['GetObject', 'GetObjectVersion', 'ListBucket'] as const
export const READ_BLOBS: S3Permission = { actions: READ_REFERENCED, keys: BLOB_KEYS }
/** For functions that read only the sizes of blobs. */
export const FIND_BLOBS: S3Permission = { actions: ['GetObject', 'ListBucket'], keys: ['blobs/*'] }
export const READ_PAYLOADS: S3Permission = { actions: READ_REFERENCED, keys: PAYLOAD_KEYS }

/** Keys of the archives that exports compose. */
export const ARCHIVE_KEYS = ['exports/*', 'scheduled/*']
export const SCHEDULED_KEYS = ['scheduled/*']

/** Allows actions on every key that the archive of a restore can have, including those in buckets of `restore_from`. */
const onAnyArchive = (actions: readonly S3Action[]): Permissions => {
  const anyKey = [{ actions, keys: ['*'] }]
  return { archives: anyKey, restores: anyKey, readsOtherBuckets: true }
}
export const READ_ARCHIVE = onAnyArchive(['GetObject', 'GetObjectVersion'])
/** For functions that read an archive that may be missing. */
export const FIND_ARCHIVE = onAnyArchive(['GetObject', 'GetObjectVersion', 'ListBucket'])

/**
 * For functions that write the report of a job, or the list of its resources that cannot be restored. A long list is a
 * multipart upload. If it fails, it is aborted. Without the permission to abort it, the error of the abort would
 * replace the cause.
 */
export const WRITE_REPORT: S3Permission = { actions: ['PutObject', 'AbortMultipartUpload'], keys: ['reports/*'] }

/** The keys of reports. If an upload has started a restore, the report is written next to the upload. */
const UPLOAD_REPORT_KEYS = ['*.report.json']
export const WRITE_UPLOAD_REPORT: readonly S3Permission[] = [
  { actions: ['GetObject', 'PutObject', 'ListBucket'], keys: UPLOAD_REPORT_KEYS },
  // A report is written only if the object that it describes is still there.
  { actions: ['GetObject'], keys: ['*.acbak'] },
]

/**
 * For functions that create a job, or return the job of an earlier request with the same `Idempotency-Key`.
 * They write a reservation to the job table, and delete it after they have created the job. The reservation counts
 * against the limit of running jobs or of checks.
 */
export const START_JOB = ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem'] as const
/** For stages that read the job and store a result. If a stage fails, it stores the error with `PutItem`. */
export const STORE_RESULT = ['GetItem', 'PutItem'] as const
/**
 * For stages that also update the phase or status of the job, or renew a lease, and for all stages that run passes,
 * because a pass stores which of its calls were throttled.
 */
export const UPDATE_JOB = [...STORE_RESULT, 'UpdateItem'] as const
/** For stages that read the results of earlier passes and store the plan of the next map. */
export const PLAN_MAP = ['Query', 'PutItem', 'UpdateItem'] as const
/** For functions that end a job, remove it from the list of active jobs and release its leases. */
export const END_JOB = ['GetItem', 'UpdateItem', 'DeleteItem'] as const
/**
 * For stages that end a failed job. A distributed map does not report the error of a failed child, so these stages
 * query the failures that the job has stored.
 */
export const FAIL_JOB = [...END_JOB, 'PutItem', 'Query'] as const

/**
 * For stages that update the job and check the number of shards of its models. The first job of a model determines this
 * number from the items in the resource table.
 */
export const CHECK_SHARDS: Permissions = { jobs: [...UPDATE_JOB, 'BatchGetItem'], resources: ['Query', 'Scan'] }

/** For functions that read the stored judgements of scheduled archives, and store missing judgements. */
export const JUDGE_ARCHIVES = ['Query', 'PutItem'] as const

/** For functions that end a job, and abort the multipart uploads that its passes have not completed. */
const ABORT_WORK: Permissions = {
  work: [FIND_WORK, { actions: ['AbortMultipartUpload'], keys: WORK_KEYS }],
}
/** For functions that abort the unfinished multipart uploads of an export. */
export const ABORT_EXPORT: Permissions = {
  ...ABORT_WORK,
  archives: [{ actions: ['AbortMultipartUpload'], keys: ARCHIVE_KEYS }],
}
/** For functions that abort the unfinished multipart uploads of a restore. */
const ABORT_RESTORE: Permissions = {
  ...ABORT_WORK,
  blobs: [{ actions: ['AbortMultipartUpload'], keys: BLOB_KEYS }],
}
/**
 * For functions that abort the uploads of a failed restore, and write its error to the report next to the upload of its
 * archive.
 */
export const END_RESTORE: Permissions = { ...ABORT_RESTORE, restores: WRITE_UPLOAD_REPORT }

/** Returns the union of permissions. For each table, at most one of the parts may contain actions. */
export const combine = (...parts: readonly Permissions[]): Permissions => ({
  ...parts.reduce((union, part) => ({ ...union, ...part }), {}),
  blobs: parts.flatMap(({ blobs = [] }) => blobs),
  archives: parts.flatMap(({ archives = [] }) => archives),
  restores: parts.flatMap(({ restores = [] }) => restores),
  work: parts.flatMap(({ work = [] }) => work),
})
