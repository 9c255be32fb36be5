import { compileFilters, type ResourceFilter } from '../filters/filters.ts'
import type { ModelRegistry } from '../resources/models.ts'
import type { Job } from './job.ts'

/** What a job takes of a model. The same in every pass: days count from when the job was asked for. Throws `FilterError`. */
export const filterFor = ({ request, created_at }: Job, models: ModelRegistry, model: string): ResourceFilter =>
  compileFilters(request.filters, { model: models.get(model), askedAt: new Date(created_at) })
