import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { RestoreJob } from '../../jobs/job.ts'
import type { TargetOnlyCounts } from '../../jobs/restore-result.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import { allExtents } from './extents.ts'

/**
 * Returns the number of resources that only the store contains, for each model that has such resources. A model is
 * `unknown` if a pass could not count them. Returns an empty object for a restore by ids, which counts none.
 */
export const targetOnlyCounts = async (
  services: { readonly jobs: JobStore },
  { job_id, request }: Pick<RestoreJob, 'job_id' | 'request'>,
  { models }: Pick<RestorePlan, 'models'>,
): Promise<TargetOnlyCounts> => {
  if (request.filters.ids !== undefined) return {}
  const extents = await allExtents(services, job_id)
  const counts: Record<string, number> = {}
  const unknown: string[] = []
  for (const model of models) {
    const own = extents.filter((extent) => extent.model === model)
    if (own.some(({ target_only }) => target_only === undefined)) unknown.push(model)
    else counts[model] = own.reduce((sum, { target_only = 0 }) => sum + target_only, 0)
  }
  const found = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
  return {
    ...(Object.keys(found).length === 0 ? {} : { target_only: found }),
    ...(unknown.length === 0 ? {} : { target_only_unknown: unknown }),
  }
}
