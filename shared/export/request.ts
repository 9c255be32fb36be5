import { compileFilters, type Filters } from '../filters/filters.ts'
import type { ExportRequest } from '../jobs/job-request.ts'
import type { ModelRegistry } from '../resources/models.ts'

/** The options of an export, as the caller has given them. */
export interface ExportOptions {
  /** By default, all registered models are exported. */
  readonly models?: readonly string[]
  readonly filters: Filters
  readonly strict: boolean
  readonly format: ExportRequest['format']
}

/**
 * Returns the request that the job stores. If `routeModel` is given, the request contains only that model. Throws
 * `UnknownModelError` if a model is not registered, and `FilterError` if a filter does not apply to one of the models.
 */
export const exportRequest = (
  { models, filters, strict, format }: ExportOptions,
  registry: ModelRegistry,
  routeModel?: string,
): ExportRequest => {
  const names = routeModel === undefined ? (models ?? registry.names) : [routeModel]
  for (const name of names) compileFilters(filters, { model: registry.get(name), requestedAt: new Date() })
  return {
    // The models are sorted as in the registry, so that two requests for the same models have the same fingerprint.
    models: registry.names.filter((name) => names.includes(name)),
    ...(routeModel === undefined ? {} : { route_model: routeModel }),
    filters,
    strict,
    format,
  }
}
