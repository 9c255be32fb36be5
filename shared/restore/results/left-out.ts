import { type LeftOutResource, MAX_LEFT_OUT_IN_MANIFEST } from '../../archive/left-out.ts'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import { LEFT_OUT_OF_EXTENT } from '../messages/preflight.ts'
import { openPlannedArchive, type RestoreReading } from '../open-restore.ts'
import { allExtents } from './extents.ts'

/** Returns the number of resources that `preflight` left out, and the first `limit` of them. */
export const resourcesLeftOut = async (
  stores: { readonly jobs: JobStore; readonly workFiles: WorkFiles },
  jobId: string,
  limit: number,
): Promise<{ readonly count: number; readonly resources: readonly LeftOutResource[] }> => {
  let count = 0
  const first: LeftOutResource[] = []
  for (const { left_out } of await allExtents(stores, jobId)) {
    if (left_out === undefined) continue
    count += left_out.resources
    if (first.length >= limit) continue
    const { resources } = await stores.workFiles.readPinned(LEFT_OUT_OF_EXTENT, left_out.list)
    first.push(...resources.slice(0, limit - first.length))
  }
  return { count, resources: first }
}

/** The resources that the export did not write to the archive, and the resources that this restore left out. */
export interface ReportedLeftOut {
  readonly count: number
  /** The first 1,000 resources. */
  readonly resources: readonly LeftOutResource[]
}

/** Returns the resources that the export or this restore left out, or undefined if there are none. */
export const allLeftOut = async (
  stores: RestoreReading,
  jobId: string,
  plan: RestorePlan,
): Promise<ReportedLeftOut | undefined> => {
  const restore = await resourcesLeftOut(stores, jobId, MAX_LEFT_OUT_IN_MANIFEST)
  const { left_out: exported = { count: 0, resources: [] } } = (await openPlannedArchive(stores, plan)).manifest
  const count = restore.count + exported.count
  if (count === 0) return undefined
  return { count, resources: [...restore.resources, ...exported.resources].slice(0, MAX_LEFT_OUT_IN_MANIFEST) }
}
