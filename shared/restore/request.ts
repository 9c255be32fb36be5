import { compileFilters, type Filters } from '../filters/filters.ts'
import type { RestoreRequest } from '../jobs/job.ts'
import type { ModelRegistry } from '../resources/models.ts'

/** The options of a restore, without its archive. */
export interface RestoreOptions {
  readonly filters: Filters
  readonly on_duplicate: RestoreRequest['on_duplicate']
  readonly dry_run: boolean
}

/** The archive that a caller names: that of an export job, or an object in S3. */
export type ArchiveSourceRequest =
  { readonly job_id: string } | { readonly bucket: string; readonly key: string; readonly version_id?: string }

/**
 * The request of a restore job, without its archive. Throws `UnknownModelError` if the model of the route is not
 * registered.
 */
export const restoreRequest = (
  { filters, on_duplicate, dry_run }: RestoreOptions,
  registry: ModelRegistry,
  routeModel?: string,
): RestoreRequest => {
  // The models of the archive are not known yet. The filters are checked now only if the route names the model.
  if (routeModel !== undefined) compileFilters(filters, { model: registry.get(routeModel), requestedAt: new Date() })
  return {
    ...(routeModel === undefined ? {} : { models: [routeModel], route_model: routeModel }),
    filters,
    on_duplicate,
    dry_run,
  }
}
