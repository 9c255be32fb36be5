import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { TargetOnlyCounts } from '../../jobs/restore-result.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import { allExtents } from './extents.ts'

/**
 * Returns the number of resources that only the store contains, for each model that has such resources. A model is
 * `unknown` if a pass could not count them in time. Returns an empty object for a restore by ids, which counts none.
 */
export const targetOnlyCounts = async (
  services: { readonly jobs: JobStore },
  jobId: string,
  { models }: Pick<RestorePlan, 'models'>,
): Promise<TargetOnlyCounts> => {
  const extents = await allExtents(services, jobId)
  if (extents.every(({ target_only }) => target_only === undefined)) return {}
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
