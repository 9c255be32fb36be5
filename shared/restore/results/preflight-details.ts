import type { JobStore } from '../../jobs/aws/job-store.ts'
import { type FoundIds, idsWithoutResource } from '../../jobs/found-ids.ts'
import type { RestoreJob } from '../../jobs/job.ts'
import type { IdsWithoutResource } from '../../jobs/job-lists.ts'
import { allResults } from '../../jobs/pass.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import { PREFLIGHT, PREFLIGHT_DETAILS, type PreflightDetails, type PreflightResult } from '../messages/preflight.ts'
import { faultsOf, streamFaultPages } from './stream-faults.ts'

/** Returns the first `count` duplicates or findings that the passes of `preflight` have recorded. */
export const firstDetails = async <Kind extends 'duplicates' | 'findings'>(
  { workFiles }: { readonly workFiles: WorkFiles },
  results: readonly PreflightResult[],
  kind: Kind,
  count: number,
): Promise<PreflightDetails[Kind][number][]> => {
  const all: PreflightDetails[Kind][number][] = []
  for (const { details } of results) {
    if (all.length >= count) break
    if (details !== undefined) all.push(...(await workFiles.readPinned(PREFLIGHT_DETAILS, details))[kind])
  }
  return all.slice(0, count)
}

/** Returns the ids in the filter `ids` that the archive does not contain, and the ids that another filter excludes. */
export const idsNotRestored = async (
  services: { readonly jobs: JobStore; readonly workFiles: WorkFiles },
  { job, plan }: { readonly job: RestoreJob; readonly plan: RestorePlan },
): Promise<IdsWithoutResource> => {
  const { ids } = job.request.filters
  if (ids === undefined) return {}
  const pages = (await streamFaultPages(services, plan)).filter(({ model }) => plan.models.includes(model))
  const leftOut: string[] = []
  for await (const { resource } of faultsOf(services, pages, ids)) leftOut.push(resource.resource_id)
  const found: FoundIds[] = [{ accepted: leftOut, excluded: [] }]
  for (const { details } of await allResults({ jobs: services.jobs }, job.job_id, PREFLIGHT)) {
    const own = details === undefined ? undefined : await services.workFiles.readPinned(PREFLIGHT_DETAILS, details)
    if (own?.ids !== undefined) found.push(own.ids)
  }
  return idsWithoutResource(ids, found)
}
