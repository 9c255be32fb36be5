import { MAX_LEFT_OUT_IN_MANIFEST } from '../../archive/left-out.ts'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { RestoreJob } from '../../jobs/job.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { STREAM_FAULTS, type StreamFault } from '../messages/convert.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import type { UnrestorableResource } from '../../jobs/unrestorable-resource.ts'
import { LEFT_OUT_OF_EXTENT } from '../messages/preflight.ts'
import { openPlannedArchive, type OpenRestoreServices } from '../open-restore.ts'
import { allExtents } from './extents.ts'

/**
 * Returns the resources that cannot be restored according to the conversion of the stream. Returns an empty list if the
 * archive is not a stream.
 */
export const streamFaults = async (
  { workFiles }: { readonly workFiles: WorkFiles },
  { converted }: RestorePlan,
): Promise<readonly StreamFault[]> =>
  converted?.faults === undefined ? [] : workFiles.readPinned(STREAM_FAULTS, converted.faults)

interface ResultStores {
  readonly jobs: JobStore
  readonly workFiles: WorkFiles
}

interface PlannedRestore {
  readonly job: RestoreJob
  readonly plan: RestorePlan
}

/** Returns the number of resources that this restore leaves out, and a list of the first `limit` of these resources. */
export const resourcesLeftOut = async (
  stores: ResultStores,
  restore: PlannedRestore,
  limit: number,
): Promise<{ readonly count: number; readonly resources: readonly UnrestorableResource[] }> => {
  const { job } = restore
  const withoutMetadata = await faultsWithoutMetadata(stores, restore)
  let count = withoutMetadata.length
  const first = withoutMetadata.slice(0, limit)
  for (const { left_out } of await allExtents(stores, job.job_id)) {
    if (left_out === undefined) continue
    count += left_out.resources
    if (first.length >= limit) continue
    const { resources } = await stores.workFiles.readPinned(LEFT_OUT_OF_EXTENT, left_out.list)
    first.push(...resources.slice(0, limit - first.length))
  }
  return { count, resources: first }
}

/**
 * Returns a function that returns whether the restore leaves out a resource. The first call reads the lists of all
 * resources that are left out.
 */
export const leftOutLookup = (
  stores: ResultStores,
  restore: PlannedRestore,
): ((model: string, id: string) => Promise<boolean>) => {
  let names: Promise<ReadonlySet<string>> | undefined
  return async (model, id) => {
    names ??= namesOf(allResourcesLeftOut(stores, restore))
    return (await names).has(`${model}/${id}`)
  }
}

const namesOf = async (resources: AsyncIterable<UnrestorableResource>): Promise<ReadonlySet<string>> => {
  const names = new Set<string>()
  for await (const { model, resource_id } of resources) names.add(`${model}/${resource_id}`)
  return names
}

/** Yields all resources that this restore leaves out. */
export async function* allResourcesLeftOut(
  stores: ResultStores,
  restore: PlannedRestore,
): AsyncGenerator<UnrestorableResource> {
  yield* await faultsWithoutMetadata(stores, restore)
  for (const { left_out } of await allExtents(stores, restore.job.job_id))
    if (left_out !== undefined) yield* (await stores.workFiles.readPinned(LEFT_OUT_OF_EXTENT, left_out.list)).resources
}

/**
 * Returns the resources of a stream that cannot be restored and whose metadata are not in the converted archive. All
 * other resources that are left out are listed in the extents.
 */
const faultsWithoutMetadata = async (
  stores: ResultStores,
  { job, plan }: PlannedRestore,
): Promise<readonly UnrestorableResource[]> => {
  const { ids } = job.request.filters
  return (await streamFaults(stores, plan))
    .filter(
      ({ has_metadata, resource: { model, resource_id } }) =>
        !has_metadata && plan.models.includes(model) && ids?.includes(resource_id) !== false,
    )
    .map(({ resource }) => resource)
}

/** The resources that the export did not write to the archive, and the resources that this restore left out. */
export interface ReportedLeftOut {
  readonly count: number
  /** At most 1,000 of these resources. */
  readonly resources: readonly UnrestorableResource[]
}

/** Returns the resources that the export or this restore left out, or undefined if there are none. */
export const allLeftOut = async (
  stores: OpenRestoreServices,
  restore: PlannedRestore,
): Promise<ReportedLeftOut | undefined> => {
  const own = await resourcesLeftOut(stores, restore, MAX_LEFT_OUT_IN_MANIFEST)
  const { left_out: exported = { count: 0, resources: [] } } = (await openPlannedArchive(stores, restore.plan)).manifest
  const count = own.count + exported.count
  if (count === 0) return undefined
  return { count, resources: [...own.resources, ...exported.resources].slice(0, MAX_LEFT_OUT_IN_MANIFEST) }
}
