/** What a function may do: actions on tables, actions on keys of buckets, and what else it calls. */
export interface Permissions {
  readonly resources?: readonly DynamoAction[]
  readonly jobs?: readonly DynamoAction[]
  readonly blobs?: readonly S3Permission[]
  readonly archives?: readonly S3Permission[]
  readonly restores?: readonly S3Permission[]
  readonly work?: readonly S3Permission[]
  /** Reads archives of buckets that are not the deployment's own, where the settings name some. */
  readonly foreign?: true
  readonly start?: readonly Workflow[]
  readonly stop?: readonly Workflow[]
  /** Tells of ended jobs. */
  readonly tells?: true
  /** Signs URLs, by a role that it assumes. */
  readonly signs?: true
}

export type Workflow = 'export' | 'restore'
type DynamoAction = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'BatchWriteItem'
type S3Action = 'GetObject' | 'GetObjectVersion' | 'PutObject' | 'DeleteObject' | 'AbortMultipartUpload' | 'ListBucket'
/**
 * `*` ends a prefix of keys. `ListBucket` is of the whole bucket: without it S3 answers 403 for a key that is not there, and a
 * function could not tell what is absent from what is forbidden.
 */
interface S3Permission {
  readonly actions: readonly S3Action[]
  readonly keys: readonly string[]
}

const WORK = ['work/*']
const readsWork: S3Permission = { actions: ['GetObject'], keys: WORK }
/** Looks for plans that may not be there yet. */
const looksAtWork: S3Permission = { actions: ['GetObject', 'ListBucket'], keys: WORK }
const writesWork: S3Permission = { actions: ['PutObject'], keys: WORK }
/** Segments are multipart uploads; those of a pass that fails are taken back. */
const composesWork: S3Permission = { actions: ['PutObject', 'AbortMultipartUpload'], keys: WORK }

const BLOBS = ['blobs/*', 'payloads/*']
/** What a record refers to may be missing; what was looked at is read by its version. */
const READS = ['GetObject', 'GetObjectVersion', 'ListBucket'] as const
const readsBlobs: S3Permission = { actions: READS, keys: BLOBS }
const PAYLOADS = ['payloads/*']
const readsPayloads: S3Permission = { actions: READS, keys: PAYLOADS }

/** Where exports compose their archives. */
const ARCHIVES = ['exports/*', 'scheduled/*']

/** An archive that is restored lies in a bucket of the deployment or in one that the settings name, pinned to a version. */
const reads = (actions: readonly S3Action[]): Permissions => {
  const anywhere = [{ actions, keys: ['*'] }]
  return { archives: anywhere, restores: anywhere, foreign: true }
}
const readsArchive = reads(['GetObject', 'GetObjectVersion'])
/** It may be gone since. */
const looksForArchive = reads(['GetObject', 'GetObjectVersion', 'ListBucket'])

/** What came of an upload is told beside it. */
const tellsBeside: S3Permission = { actions: ['PutObject'], keys: ['*.report.json'] }

/** Makes a job, or finds it: a repeat, the jobs that run, the list. For as long as that takes it has a place of its own. */
const STARTS = ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem'] as const
/** Looks at its job, and keeps the result of a pass. Every stage keeps what it failed with. */
const PASS = ['GetItem', 'PutItem'] as const
/** Notes a phase, or the job's state; renews a lease. */
const CHANGES = [...PASS, 'UpdateItem'] as const
/** Plans by the results of the passes before. */
const PLANS = ['Query', 'PutItem', 'UpdateItem'] as const
/** Ends a job: it leaves the list of those that run, and its leases are given back. */
const ENDS = ['GetItem', 'UpdateItem', 'DeleteItem'] as const

/** Adds permissions up: those on keys stay statements of their own. */
const all = (...parts: readonly Permissions[]): Permissions => ({
  ...parts.reduce((sum, part) => ({ ...sum, ...part }), {}),
  blobs: parts.flatMap(({ blobs = [] }) => blobs),
  archives: parts.flatMap(({ archives = [] }) => archives),
  restores: parts.flatMap(({ restores = [] }) => restores),
  work: parts.flatMap(({ work = [] }) => work),
})

const exports: Permissions = { jobs: STARTS, start: ['export'], signs: true }
const imports: Permissions = all(looksForArchive, {
  jobs: STARTS,
  start: ['restore'],
  signs: true,
  // A body in the request is kept for its job.
  work: [writesWork],
})
/** ResourceFilter the unfinished upload of an archive back. */
const abortsExport: Permissions = {
  work: [looksAtWork],
  archives: [{ actions: ['AbortMultipartUpload'], keys: ARCHIVES }],
}
/** The report of a verification that failed is told once more, with the error. */
const tellsFailure: Permissions = {
  restores: [tellsBeside, { actions: ['GetObject', 'ListBucket'], keys: ['*.report.json'] }],
}
/** Out of a distributed map comes no error of its child: the last failure that was kept is looked for. */
const FAILS = [...ENDS, 'PutItem', 'Query'] as const

/** What each function may do, by its name. A test runs them all, and holds this to what they call: no less, and no more. */
export const PERMISSIONS: Readonly<Record<string, Permissions>> = {
  'export-model': exports,
  'export-all': exports,
  'import-model': imports,
  'import-all': imports,
  'list-jobs': { jobs: ['Query', 'BatchGetItem'] },
  'get-job': { jobs: ['GetItem', 'Query'], signs: true },
  'get-report': {
    jobs: ['GetItem', 'Query'],
    archives: [{ actions: ['GetObject', 'ListBucket'], keys: ['reports/*'] }],
    signs: true,
  },
  'get-archive': { jobs: ['GetItem'], signs: true },
  'cancel-job': all(abortsExport, {
    jobs: ENDS,
    tells: true,
    stop: ['export', 'restore'],
    restores: [tellsBeside],
  }),
  'not-found': {},

  upload: {
    jobs: [...STARTS, 'UpdateItem'],
    start: ['restore'],
    restores: [{ actions: ['GetObject', 'GetObjectVersion', 'ListBucket'], keys: ['*'] }, tellsBeside],
  },
  'start-scheduled': { jobs: STARTS, start: ['export'] },
  'end-stopped': all(abortsExport, tellsFailure, { jobs: ENDS, tells: true }),
  prune: { archives: [{ actions: ['GetObject', 'DeleteObject', 'ListBucket'], keys: ['scheduled/*'] }] },
  'check-schedules': {
    jobs: PASS,
    archives: [{ actions: ['GetObject', 'ListBucket'], keys: ['scheduled/*'] }],
  },

  'plan-export': { jobs: CHANGES, resources: ['Query'], work: [looksAtWork, writesWork] },
  'export-records': {
    jobs: PASS,
    resources: ['Query', 'GetItem', 'BatchGetItem'],
    blobs: [readsPayloads],
    work: [readsWork, composesWork],
  },
  'plan-export-blobs': { jobs: PLANS, work: [writesWork] },
  'export-blobs': {
    jobs: PASS,
    blobs: [readsBlobs],
    work: [readsWork, composesWork],
  },
  'plan-compose': {
    jobs: [...PLANS, 'GetItem'],
    work: [looksAtWork, composesWork],
    archives: [{ actions: ['PutObject', 'AbortMultipartUpload'], keys: ARCHIVES }],
  },
  'compose-parts': {
    jobs: PASS,
    work: [looksAtWork, composesWork],
    archives: [{ actions: ['PutObject'], keys: ARCHIVES }],
  },
  'finish-compose': {
    jobs: [...PASS, 'Query'],
    work: [looksAtWork],
    archives: [{ actions: ['PutObject', 'GetObject', 'GetObjectVersion', 'ListBucket'], keys: ARCHIVES }],
  },
  announce: {
    jobs: [...ENDS, 'PutItem'],
    tells: true,
    work: [readsWork],
    archives: [{ actions: ['GetObject', 'GetObjectVersion'], keys: ARCHIVES }],
  },
  'fail-export': all(abortsExport, { jobs: FAILS, tells: true }),

  convert: all(looksForArchive, { jobs: [...CHANGES, 'Query'], work: [looksAtWork, composesWork] }),
  inspect: all(looksForArchive, { jobs: CHANGES, resources: ['Query'], work: [looksAtWork, writesWork] }),
  preflight: all(readsArchive, {
    jobs: PASS,
    resources: ['Query', 'GetItem', 'BatchGetItem'],
    blobs: [readsPayloads],
    work: [readsWork, writesWork],
  }),
  'plan-preflight-blobs': all(readsArchive, { jobs: PLANS, work: [readsWork, writesWork] }),
  'preflight-blobs': all(readsArchive, { jobs: PASS, blobs: [readsBlobs], work: [readsWork, writesWork] }),
  decide: all(readsArchive, { jobs: [...PLANS, 'GetItem'], work: [readsWork] }),
  'apply-blobs': all(readsArchive, {
    jobs: [...CHANGES, 'Query'],
    blobs: [readsBlobs, { actions: ['PutObject', 'AbortMultipartUpload'], keys: BLOBS }],
    work: [readsWork, writesWork],
  }),
  'plan-apply-records': { jobs: PLANS, work: [writesWork] },
  'apply-records': all(readsArchive, {
    jobs: CHANGES,
    resources: ['Query', 'GetItem', 'PutItem', 'BatchWriteItem', 'DeleteItem'],
    blobs: [readsPayloads, { actions: ['PutObject'], keys: PAYLOADS }],
    work: [readsWork, writesWork],
  }),
  'plan-verify': { jobs: PLANS, work: [readsWork] },
  verify: all(readsArchive, {
    jobs: [...PASS, 'Query'],
    resources: ['Query', 'GetItem', 'BatchGetItem'],
    blobs: [readsBlobs],
    work: [readsWork, writesWork],
  }),
  report: all(readsArchive, {
    jobs: FAILS,
    tells: true,
    work: [readsWork],
    archives: [{ actions: ['PutObject'], keys: ['reports/*'] }],
    restores: [tellsBeside],
  }),
  rollback: all(readsArchive, {
    jobs: CHANGES,
    resources: ['Query', 'GetItem', 'DeleteItem'],
    work: [readsWork],
  }),
  'plan-rollback': { jobs: CHANGES, work: [readsWork] },
  'fail-restore': all(tellsFailure, { jobs: FAILS, tells: true }),
}

/** On the deployment's own key, where it has one: S3 wants the first two, DynamoDB all. */
export const KEY_ACTIONS: readonly string[] = [
  'kms:Decrypt',
  'kms:GenerateDataKey',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
]
