import { compileFilters, type Filters } from '../filters/filters.ts'
import type { ExportRequest } from '../jobs/job.ts'
import type { ModelRegistry } from '../resources/models.ts'

/** The options of an export, before its models are looked up in the registry. */
export interface ExportOptions {
  /** Absent: all registered models. */
  readonly models?: readonly string[]
  readonly filters: Filters
  readonly strict: boolean
  readonly format: ExportRequest['format']
}

/**
 * The request that the job stores. Throws `UnknownModelError` for a model that is not registered, and `FilterError` for a filter that
 * does not apply to one of the models.
 */
export const exportRequest = (
  { models, filters, strict, format }: ExportOptions,
  registry: ModelRegistry,
  routeModel?: string,
): ExportRequest => {
  const names = routeModel === undefined ? (models ?? registry.names) : [routeModel]
  for (const name of names) compileFilters(filters, { model: registry.get(name), requestedAt: new Date() })
  return {
    // In the registry's own order, so that two requests for the same models are the same request.
    models: registry.names.filter((name) => names.includes(name)),
    ...(routeModel === undefined ? {} : { route_model: routeModel }),
    filters,
    strict,
    format,
  }
}
