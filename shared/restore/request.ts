import { compileFilters, type Filters } from '../filters/filters.ts'
import type { RestoreRequest } from '../jobs/job-request.ts'
import type { ModelRegistry } from '../resources/models.ts'

/** The options of a restore, without its archive. */
export interface RestoreOptions {
  readonly filters: Filters
  readonly on_duplicate: RestoreRequest['on_duplicate']
  readonly dry_run: boolean
  readonly strict: boolean
}

/** Identifies the archive to restore: by the job that exported it, or by its location in S3. */
export type ArchiveSourceRequest =
  { readonly job_id: string } | { readonly bucket: string; readonly key: string; readonly version_id?: string }

/**
 * Returns the request of a restore job, without its archive. Throws `UnknownModelError` if the model of the route is
 * not registered, and `FilterError` if a filter does not apply to that model.
 */
export const restoreRequest = (
  { filters, on_duplicate, dry_run, strict }: RestoreOptions,
  registry: ModelRegistry,
  routeModel?: string,
): RestoreRequest => {
  // If the route has no model, the models are unknown until `inspect` has read the archive, and the filters are checked
  // then.
  if (routeModel !== undefined) compileFilters(filters, { model: registry.get(routeModel), requestedAt: new Date() })
  return {
    ...(routeModel === undefined ? {} : { models: [routeModel], route_model: routeModel }),
    filters,
    on_duplicate,
    dry_run,
    // `strict` is stored only if it is false. A request from before `strict` existed therefore equals its repetition.
    ...(strict ? {} : { strict }),
  }
}
