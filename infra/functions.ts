import { EVENTS } from '../functions/events.ts'
import type { FunctionSpec } from '../functions/function-spec.ts'
import { DEFAULT_ROUTE, isModelRoute, ROUTES } from '../functions/routes.ts'
import { EXPORT_STAGES, RESTORE_STAGES } from '../functions/stages.ts'
import { exportWorkflow } from '../functions/workflows/export.workflow.ts'
import { restoreWorkflow } from '../functions/workflows/restore.workflow.ts'
import { runsMapItems } from '../functions/workflows/states.ts'

/** The caller of a function: API Gateway (`route`), EventBridge (`event`), or one of the workflows. */
type FunctionKind = 'route' | 'event' | 'export' | 'restore'

/** A row of `routes.ts`, `events.ts` or `stages.ts`, and the kind of the function. */
export interface DeployedFunction extends FunctionSpec {
  readonly kind: FunctionKind
}

const ofKind = (kind: FunctionKind, rows: readonly Omit<DeployedFunction, 'kind'>[]): DeployedFunction[] =>
  rows.map((row) => ({ ...row, kind }))

/**
 * The size of a semi-space of the heap, in MiB. The heap has three semi-spaces, and V8 collects short-lived objects
 * when one of them is full. By default, Lambda lets a semi-space of a worker grow to 58 MiB. With 8 MiB, workers need
 * up to 120 MiB less and the same CPU time. With 4 MiB, some need a tenth more CPU time.
 */
const SEMI_SPACE = 8

/**
 * The share of the memory that long-lived objects may take. Lambda sets the same limit by default, but not if
 * `NODE_OPTIONS` limits the semi-spaces.
 */
const OLD_SPACE_SHARE = 0.9

/**
 * Returns the settings of Node in a function with `memory` MiB. They show the lines of the sources in stack traces, and
 * limit the heap. They make glibc return freed buffers of at least 128 KiB to the operating system, and keep freed
 * memory of all threads in two pools (arenas) instead of up to eight for each core.
 */
export const nodeSettings = (memory: number): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: [
    '--enable-source-maps',
    `--max-semi-space-size=${SEMI_SPACE}`,
    `--max-old-space-size=${Math.floor(memory * OLD_SPACE_SHARE)}`,
  ].join(' '),
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_ARENA_MAX: '2',
})

/** All functions, including the routes of single models. */
export const FUNCTIONS: readonly DeployedFunction[] = [
  ...ofKind('route', [...new Map([...ROUTES, DEFAULT_ROUTE].map((row) => [row.name, row])).values()]),
  ...ofKind('event', EVENTS),
  ...ofKind('export', EXPORT_STAGES),
  ...ofKind('restore', RESTORE_STAGES),
]

/**
 * Returns the functions of a deployment. If the setting `resourceRoutes` is false, omits the routes of single models.
 */
export const functionsOf = (resourceRoutes: boolean): readonly DeployedFunction[] => {
  const modelRoutes = new Set(ROUTES.filter(isModelRoute).map(({ name }) => name))
  return FUNCTIONS.filter(({ name }) => resourceRoutes || !modelRoutes.has(name))
}

/** The names of the worker functions. They run map items, so many of them can run at the same time. */
export const WORKERS: readonly string[] = [exportWorkflow((stage) => stage), restoreWorkflow((stage) => stage)].flatMap(
  (definition) => FUNCTIONS.filter(({ name }) => runsMapItems(definition, name)).map(({ name }) => name),
)
