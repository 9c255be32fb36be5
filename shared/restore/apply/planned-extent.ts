import type { WorkFiles } from '../../jobs/work-files.ts'
import { APPLY_PLAN } from '../messages/apply.ts'
import type { Extent } from '../messages/preflight.ts'

/** Returns the extent of map item `n` of `apply-records` or `rollback`. Throws if the plan has no such extent. */
export const plannedExtent = async (
  { workFiles }: { readonly workFiles: WorkFiles },
  jobId: string,
  n: number,
): Promise<Extent> => {
  const extent = (await workFiles.read(APPLY_PLAN, jobId))[n]
  if (extent === undefined)
    throw new Error(`the work file ${APPLY_PLAN.name()} of job ${jobId} contains no extent ${n}`)
  return extent
}
