import { compileFilters, type ResourceFilter } from '../filters/filters.ts'
import type { ModelRegistry } from '../resources/models.ts'
import type { Job } from './job.ts'

/**
 * Returns the filter that selects the resources of one model for a job. Relative days count from the creation of the
 * job, so that every pass selects the same resources. Throws `FilterError` if a filter does not apply to the model.
 */
export const filterFor = ({ request, created_at }: Job, models: ModelRegistry, model: string): ResourceFilter =>
  compileFilters(request.filters, { model: models.get(model), requestedAt: new Date(created_at) })
