import type { WorkFiles } from '../../jobs/work-files.ts'
import { APPLY_PLAN } from '../messages/apply.ts'
import type { Extent } from '../messages/preflight.ts'

/** The extent of the n-th map item of `apply-records` and `rollback`. */
export const plannedExtent = async (
  { workFiles }: { readonly workFiles: WorkFiles },
  jobId: string,
  n: number,
): Promise<Extent> => {
  const extent = (await workFiles.read(APPLY_PLAN, jobId))[n]
  if (extent === undefined) throw new Error(`job ${jobId} has no extent ${n}`)
  return extent
}
