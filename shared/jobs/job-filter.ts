import { compileFilters, type ResourceFilter } from '../filters/filters.ts'
import type { ModelRegistry } from '../resources/models.ts'
import type { Job } from './job.ts'

/**
 * The filter that selects a job's resources of one model. Relative days count from the creation of the job, so that every pass
 * selects the same resources. Throws `FilterError`.
 */
export const filterFor = ({ request, created_at }: Job, models: ModelRegistry, model: string): ResourceFilter =>
  compileFilters(request.filters, { model: models.get(model), requestedAt: new Date(created_at) })
