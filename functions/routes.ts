import { type FunctionSpec, SIZES } from './function-spec.ts'
import {
  ARCHIVE_KEYS,
  combine,
  FIND_ARCHIVE,
  FIND_WORK,
  type Permissions,
  ABORT_EXPORT,
  END_JOB,
  JUDGE_ARCHIVES,
  READ_ARCHIVE,
  READ_PAYLOADS,
  SCHEDULED_KEYS,
  START_JOB,
  END_RESTORE,
  WRITE_WORK,
} from './permissions.ts'

/**
 * One path of the API. A segment in braces, such as `{model}`, is a parameter.
 * If two routes match a path, the route with a literal segment takes precedence over the route with a parameter.
 */
export interface Route {
  readonly methods: readonly ('GET' | 'HEAD' | 'POST')[]
  readonly path: string
  readonly file: string
}

type RouteSpec = FunctionSpec & Route

const EXPORT: Permissions = { jobs: START_JOB, startsWorkflows: ['export'], signsUrls: true }
/** If the body of a request contains an archive, the function stores it as a work file of the job. */
const IMPORT = combine(FIND_ARCHIVE, {
  jobs: START_JOB,
  startsWorkflows: ['restore'],
  signsUrls: true,
  // The response of a dry run contains the ids of the differences.
  work: [WRITE_WORK, FIND_WORK],
  // Upload slots are in the restore bucket.
  checksStores: ['restore_bucket'],
})

/**
 * The function of the routes that list archives. They look up each archive in S3, read how it was judged, and remove it
 * from the lists of the catalogue if it was deleted. They also add archives that exports could not add.
 */
const ARCHIVES: FunctionSpec = {
  name: 'archives',
  file: 'routes/archives.ts',
  size: SIZES.route,
  permissions: {
    jobs: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
    archives: [{ actions: ['GetObject', 'GetObjectRetention', 'ListBucket'], keys: ARCHIVE_KEYS }],
  },
}

/**
 * The function of the routes that return the status of schedules and of the deployment, or change pauses. It opens the
 * newest good archive of each schedule.
 */
const SCHEDULES: FunctionSpec = {
  name: 'schedule-states',
  file: 'routes/schedule-states.ts',
  size: SIZES.route,
  readsSchedules: true,
  permissions: {
    jobs: ['GetItem', 'BatchGetItem', 'Query', 'PutItem'],
    archives: [{ actions: ['GetObject', 'ListBucket'], keys: SCHEDULED_KEYS }],
  },
}

/** The function of the page, its files and the OpenAPI document. It calls no service. */
const PAGE: FunctionSpec = {
  name: 'page',
  file: 'routes/page.ts',
  size: SIZES.route,
  servesPage: true,
  permissions: {},
}

/**
 * All routes. Routes with the same `name` have one function, because a stack can contain at most 500 resources.
 * The CDK app creates the HTTP API from this table. The local program creates its router from it.
 */
export const ROUTES: readonly RouteSpec[] = [
  {
    methods: ['GET', 'POST'],
    path: '/{model}/export',
    name: 'export-model',
    file: 'routes/export-model.ts',
    size: SIZES.route,
    permissions: EXPORT,
  },
  {
    methods: ['GET', 'POST'],
    path: '/_backup/export',
    name: 'export-all',
    file: 'routes/export-all.ts',
    size: SIZES.route,
    permissions: EXPORT,
  },
  {
    methods: ['POST'],
    path: '/{model}/import',
    name: 'import-model',
    file: 'routes/import-model.ts',
    size: SIZES.import,
    permissions: IMPORT,
  },
  {
    methods: ['POST'],
    path: '/_backup/import',
    name: 'import-all',
    file: 'routes/import-all.ts',
    size: SIZES.import,
    permissions: IMPORT,
  },
  {
    methods: ['POST'],
    path: '/_backup/check',
    name: 'check-archive',
    file: 'routes/check-archive.ts',
    size: SIZES.route,
    permissions: combine(FIND_ARCHIVE, { jobs: START_JOB, startsWorkflows: ['check'] }),
  },
  {
    methods: ['GET'],
    path: '/_backup',
    ...PAGE,
  },
  {
    methods: ['GET'],
    path: '/_backup/ui/{file}',
    ...PAGE,
  },
  {
    methods: ['GET'],
    path: '/_backup/jobs',
    name: 'list-jobs',
    file: 'routes/list-jobs.ts',
    size: SIZES.route,
    permissions: { jobs: ['Query', 'BatchGetItem'] },
  },
  {
    methods: ['GET'],
    path: '/_backup/jobs/{job_id}',
    name: 'get-job',
    file: 'routes/get-job.ts',
    size: SIZES.route,
    // The setting `copy_archives_to` is part of the environment of functions that read the schedules.
    readsSchedules: true,
    permissions: { jobs: ['GetItem', 'Query'], work: [FIND_WORK], signsUrls: true },
  },
  {
    methods: ['GET'],
    path: '/_backup/jobs/{job_id}/report',
    name: 'get-report',
    file: 'routes/get-report.ts',
    size: SIZES.route,
    permissions: {
      jobs: ['GetItem', 'Query'],
      archives: [{ actions: ['GetObject', 'ListBucket'], keys: ['reports/*'] }],
      work: [FIND_WORK],
      signsUrls: true,
    },
  },
  {
    methods: ['GET'],
    path: '/_backup/jobs/{job_id}/differences',
    name: 'get-differences',
    file: 'routes/get-differences.ts',
    size: SIZES.compare,
    permissions: combine(READ_ARCHIVE, {
      jobs: ['GetItem', 'Query'],
      resources: ['Query', 'GetItem', 'BatchGetItem'],
      blobs: [READ_PAYLOADS],
      work: [FIND_WORK],
    }),
  },
  {
    methods: ['GET', 'HEAD'],
    path: '/_backup/jobs/{job_id}/archive',
    name: 'get-archive',
    file: 'routes/get-archive.ts',
    size: SIZES.route,
    permissions: {
      jobs: ['GetItem'],
      // The response to a HEAD request contains the size of the archive. The archive may have been deleted.
      archives: [{ actions: ['GetObject', 'GetObjectVersion', 'ListBucket'], keys: ARCHIVE_KEYS }],
      signsUrls: true,
    },
  },
  {
    methods: ['POST'],
    path: '/_backup/jobs/{job_id}/cancel',
    name: 'cancel-job',
    file: 'routes/cancel-job.ts',
    size: SIZES.route,
    permissions: combine(ABORT_EXPORT, END_RESTORE, {
      jobs: END_JOB,
      publishesEvents: true,
      stopsWorkflows: ['export', 'restore', 'check'],
    }),
  },
  {
    methods: ['GET'],
    path: '/_backup/archives',
    ...ARCHIVES,
  },
  {
    methods: ['GET'],
    path: '/_backup/archives/latest',
    ...ARCHIVES,
  },
  {
    methods: ['GET'],
    path: '/_backup/openapi.json',
    ...PAGE,
  },
  {
    methods: ['GET'],
    path: '/_backup/prune',
    name: 'get-prune',
    file: 'routes/get-prune.ts',
    size: SIZES.route,
    readsSchedules: true,
    permissions: {
      jobs: ['Query'],
      archives: [{ actions: ['GetObject', 'GetObjectRetention', 'ListBucket'], keys: SCHEDULED_KEYS }],
      expiredObjects: 'list',
    },
  },
  {
    methods: ['GET'],
    path: '/_backup/health',
    ...SCHEDULES,
  },
  {
    methods: ['GET'],
    path: '/_backup/schedules',
    ...SCHEDULES,
  },
  {
    methods: ['POST'],
    path: '/_backup/schedules/{name}/run',
    name: 'run-schedule',
    file: 'routes/run-schedule.ts',
    size: SIZES.route,
    readsSchedules: true,
    permissions: EXPORT,
  },
  {
    methods: ['POST'],
    path: '/_backup/schedules/{name}/pause',
    ...SCHEDULES,
  },
  {
    methods: ['POST'],
    path: '/_backup/schedules/{name}/resume',
    ...SCHEDULES,
  },
  {
    methods: ['POST'],
    path: '/_backup/schedules/{name}/confirm',
    name: 'confirm-archive',
    file: 'routes/confirm-archive.ts',
    size: SIZES.route,
    readsSchedules: true,
    permissions: {
      // The decision is stored as a judgement of the archive and in the job.
      jobs: [...JUDGE_ARCHIVES, ...END_JOB],
      archives: [{ actions: ['GetObject', 'ListBucket'], keys: SCHEDULED_KEYS }],
    },
  },
]

/**
 * The `$default` route of API Gateway, for requests that match no other route.
 * Responds with 405 if the path exists with other methods, and otherwise with 404.
 */
export const DEFAULT_ROUTE: FunctionSpec = {
  name: 'not-found',
  file: 'routes/not-found.ts',
  size: SIZES.route,
  permissions: {},
}

/**
 * Returns true if the first segment of a route is a model.
 * Such routes are not deployed if the setting `resource_routes` is false.
 */
export const isModelRoute = ({ path }: Route): boolean => path.startsWith('/{model}/')

/** Returns the route keys of API Gateway, such as `GET /_backup/jobs`. */
export const routeKeys = ({ methods, path }: Route): string[] => methods.map((method) => `${method} ${path}`)
