import { metadataFault } from '../archive/record-faults.ts'
import type { FoundIdsCollector } from '../jobs/found-ids.ts'
import { filterFor } from '../jobs/job-filter.ts'
import type { ExportJob } from '../jobs/job.ts'
import type { ResourceStore } from '../resources/aws/resource-store.ts'
import { idHashOf, statedIdIn } from '../resources/keys.ts'
import type { ModelRegistry } from '../resources/models.ts'
import type { ReadOptions, StoredResource } from '../resources/stored-resource.ts'
import { type Item, sortKeyOf } from '../tables/item.ts'
import type { ModelRange } from './messages.ts'

interface SelectedResourcesServices {
  readonly models: ModelRegistry
  readonly resources: ResourceStore
}

/**
 * Returns the resources of a range that the ids and filters of an export select. Adds the ids that were found to
 * `foundIds`, if the export selects resources by id.
 */
export const selectedResources = (
  { models, resources }: SelectedResourcesServices,
  job: ExportJob,
  { model, from, to }: ModelRange,
  foundIds: FoundIdsCollector,
  options: ReadOptions,
): AsyncGenerator<StoredResource> => {
  const { filters } = job.request
  const accepts = filterFor(job, models, model)
  // A filter cannot be evaluated on metadata with a fault. Such metadata counts as selected, so that the resource is
  // listed as left out.
  const filter = (item: Item): boolean => accepts(item) || metadataFault(item) !== undefined
  if (filters.ids === undefined) {
    const hasFilters = Object.keys(filters).length > 0
    return resources.resources(model, { from, to }, hasFilters ? { ...options, filter } : options)
  }
  const ids = filters.ids.filter((id) => {
    const bucket = idHashOf(id).slice(0, 4)
    return bucket >= from && (to.length > 4 || bucket < to)
  })
  const addFoundId = (item: Item): boolean => {
    const isAccepted = filter(item)
    // The id in the key is used, because `resource_id` of damaged metadata may be missing or may be the id of another
    // resource.
    foundIds.add(statedIdIn(sortKeyOf(item)), isAccepted)
    return isAccepted
  }
  return resources.resourcesById(model, ids, { ...options, filter: addFoundId })
}
