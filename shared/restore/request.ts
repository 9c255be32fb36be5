import { compileFilters, type Filters } from '../filters/filters.ts'
import type { RestoreRequest } from '../jobs/job.ts'
import type { ModelRegistry } from '../resources/models.ts'

/** The options of a restore, without its archive. */
export interface RestoreOptions {
  readonly filters: Filters
  readonly on_duplicate: RestoreRequest['on_duplicate']
  readonly dry_run: boolean
}

/** Where the caller says the archive is. */
export type ArchiveSourceRequest =
  { readonly job_id: string } | { readonly bucket: string; readonly key: string; readonly version_id?: string }

/** The request that the job stores, without its archive. Throws `UnknownModelError` for a route's model that is not registered. */
export const restoreRequest = (
  { filters, on_duplicate, dry_run }: RestoreOptions,
  registry: ModelRegistry,
  routeModel?: string,
): RestoreRequest => {
  // The archive's models are not known yet. If the route names the model, its filters are checked now.
  if (routeModel !== undefined) compileFilters(filters, { model: registry.get(routeModel), requestedAt: new Date() })
  return {
    ...(routeModel === undefined ? {} : { models: [routeModel], route_model: routeModel }),
    filters,
    on_duplicate,
    dry_run,
  }
}
