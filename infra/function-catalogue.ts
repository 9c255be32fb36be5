import { EXPORT_STAGES } from '../functions/workflows/export.workflow.ts'
import { RESTORE_STAGES } from '../functions/workflows/restore.workflow.ts'
import { DEFAULT_ROUTE, ROUTES } from '../functions/routes.ts'

/** Why a function has its size: memory in MiB (CPU comes with it, one core at 1,769), time in seconds. */
export interface FunctionSize {
  readonly memory: number
  readonly timeout: number
}

/** API Gateway waits 30 seconds and no longer; memory buys the CPU that parses a request and starts the function quickly. */
const ROUTE: FunctionSize = { memory: 512, timeout: 30 }
/** A body of 4 MiB is held as base64, as bytes and on its way to S3. */
const IMPORT: FunctionSize = { memory: 1024, timeout: 30 }
/** A pass stops after five minutes at the next border, and is given three times that; a core for packing, hashing and parsing. */
const WORKER: FunctionSize = { memory: 1769, timeout: 900 }
/** Plans read results and write lists: a few thousand keys. The longest reads a million of them. */
const PLANNER: FunctionSize = { memory: 1024, timeout: 900 }
/** Starts or ends one job. */
const EVENT: FunctionSize = { memory: 512, timeout: 60 }
/** Lists and opens every archive of every schedule. */
const HOUSEKEEPING: FunctionSize = { memory: 512, timeout: 900 }

const WORKERS: readonly string[] = [
  'export-records',
  'export-blobs',
  'convert',
  'preflight',
  'preflight-blobs',
  'apply-blobs',
  'apply-records',
  'rollback',
  'verify',
]

export type FunctionKind = 'route' | 'event' | 'export' | 'restore'

export interface FunctionSpec {
  readonly name: string
  readonly kind: FunctionKind
  /** In `functions/`. */
  readonly file: string
  readonly size: FunctionSize
}

const routes = [...new Map([...ROUTES, DEFAULT_ROUTE].map((route) => [route.name, route.file]))].map(
  ([name, file]): FunctionSpec => ({
    name,
    kind: 'route',
    file,
    size: name.startsWith('import-') ? IMPORT : ROUTE,
  }),
)

const events = ['upload', 'start-scheduled', 'end-stopped', 'prune', 'check-schedules'].map((name): FunctionSpec => ({
  name,
  kind: 'event',
  file: `events/${name}.ts`,
  size: ['prune', 'check-schedules'].includes(name) ? HOUSEKEEPING : EVENT,
}))

const stages = (kind: 'export' | 'restore', names: readonly string[]): FunctionSpec[] =>
  names.map((name) => ({
    name,
    kind,
    file: `${kind}/${name}.ts`,
    size: WORKERS.includes(name) ? WORKER : PLANNER,
  }))

/** Every function of the deployment. */
export const FUNCTIONS: readonly FunctionSpec[] = [
  ...routes,
  ...events,
  ...stages('export', EXPORT_STAGES),
  ...stages('restore', RESTORE_STAGES),
]

/** Those that answer the routes of single models, which a deployment may do without. */
const OF_ONE_MODEL: readonly string[] = ['export-model', 'import-model']

/** The functions of a deployment that has the routes of single models, or has not. */
export const functionsOf = (resourceRoutes: boolean): readonly FunctionSpec[] =>
  FUNCTIONS.filter(({ name }) => resourceRoutes || !OF_ONE_MODEL.includes(name))
