import { EVENTS } from '../functions/events.ts'
import type { FunctionSpec } from '../functions/function-spec.ts'
import { DEFAULT_ROUTE, isModelRoute, ROUTES } from '../functions/routes.ts'
import { EXPORT_STAGES, RESTORE_STAGES } from '../functions/stages.ts'

/** The caller of a function: API Gateway (`route`), EventBridge (`event`), or one of the workflows. */
type FunctionKind = 'route' | 'event' | 'export' | 'restore'

/** A row of `routes.ts`, `events.ts` or `stages.ts`, and the kind of the function. */
export interface DeployedFunction extends FunctionSpec {
  readonly kind: FunctionKind
}

const ofKind = (kind: FunctionKind, rows: readonly Omit<DeployedFunction, 'kind'>[]): DeployedFunction[] =>
  rows.map((row) => ({ ...row, kind }))

/** All functions, including the routes of single models. */
export const FUNCTIONS: readonly DeployedFunction[] = [
  ...ofKind('route', [...ROUTES, DEFAULT_ROUTE]),
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
