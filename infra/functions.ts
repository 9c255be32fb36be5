import { EVENTS } from '../functions/events.ts'
import type { FunctionSpec } from '../functions/function-spec.ts'
import { DEFAULT_ROUTE, isModelRoute, ROUTES } from '../functions/routes.ts'
import { EXPORT_STAGES, RESTORE_STAGES } from '../functions/stages.ts'

/** What calls a function: API Gateway, EventBridge, or one of the two workflows. */
export type FunctionKind = 'route' | 'event' | 'export' | 'restore'

/** A row of a table in `functions/`, and the kind of that table. */
export interface DeployedFunction extends FunctionSpec {
  readonly kind: FunctionKind
  readonly readsSchedules?: true
}

const ofKind = (kind: FunctionKind, rows: readonly Omit<DeployedFunction, 'kind'>[]): DeployedFunction[] =>
  rows.map((row) => ({ ...row, kind }))

/** Every function of a deployment with all routes. */
export const FUNCTIONS: readonly DeployedFunction[] = [
  ...ofKind('route', [...ROUTES, DEFAULT_ROUTE]),
  ...ofKind('event', EVENTS),
  ...ofKind('export', EXPORT_STAGES),
  ...ofKind('restore', RESTORE_STAGES),
]

/** The functions of a deployment with or without the routes of single models. */
export const functionsOf = (resourceRoutes: boolean): readonly DeployedFunction[] => {
  const modelRoutes = new Set(ROUTES.filter(isModelRoute).map(({ name }) => name))
  return FUNCTIONS.filter(({ name }) => resourceRoutes || !modelRoutes.has(name))
}
