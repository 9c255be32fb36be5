import * as z from 'zod'
import { MAX_LEFT_OUT_IN_MANIFEST } from '../../archive/left-out.ts'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { ArchiveJob } from '../../jobs/job.ts'
import type { ListedResources } from '../../jobs/job-lists.ts'
import { listedResources } from '../../jobs/listed-resources.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { ChecksumMismatch, StreamFault, StreamFaultPage } from '../messages/convert.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import { type ListStores, UnrestorableList, writeUnrestorableList } from '../../jobs/unrestorable-list.ts'
import { UnrestorableResource } from '../../jobs/unrestorable-resource.ts'
import { LEFT_OUT_OF_EXTENT } from '../messages/preflight.ts'
import { openPlannedArchive, type OpenRestoreServices } from '../open-restore.ts'
import { allExtents } from './extents.ts'
import { faultsOf, streamFaultPages } from './stream-faults.ts'

/** The number of resources that a restore leaves out, and the first of them. */
interface LeftOutByRestore {
  readonly count: number
  readonly resources: readonly UnrestorableResource[]
  /** Present if the first of these resources is left out because of a wrong checksum in a stream. */
  readonly corrupt?: ChecksumMismatch | undefined
}

interface ResultStores {
  readonly jobs: JobStore
  readonly workFiles: WorkFiles
}

interface PlannedRestore {
  readonly job: ArchiveJob
  readonly plan: RestorePlan
}

/** Returns the number of resources that this restore leaves out, and a list of the first `limit` of these resources. */
export const resourcesLeftOut = async (
  services: ResultStores,
  restore: PlannedRestore,
  limit: number,
): Promise<LeftOutByRestore> => {
  const withoutMetadata = await firstWithoutMetadata(services, restore, limit)
  let { count } = withoutMetadata
  const first = withoutMetadata.faults.map(({ resource }) => resource)
  let corrupt = withoutMetadata.faults[0]?.corrupt
  for (const { left_out } of await allExtents(services, restore.job.job_id)) {
    if (left_out === undefined) continue
    count += left_out.resources
    if (first.length >= limit) continue
    const list = await services.workFiles.readPinned(LEFT_OUT_OF_EXTENT, left_out.list)
    if (first.length === 0) corrupt = list.corrupt
    first.push(...list.resources.slice(0, limit - first.length))
  }
  return { count, resources: first, corrupt }
}

/** Yields all resources that this restore leaves out. */
export async function* allResourcesLeftOut(
  services: ResultStores,
  restore: PlannedRestore,
): AsyncGenerator<UnrestorableResource> {
  for await (const { resource } of faultsWithoutMetadata(services, restore)) yield resource
  for (const { left_out } of await allExtents(services, restore.job.job_id))
    if (left_out !== undefined)
      yield* (await services.workFiles.readPinned(LEFT_OUT_OF_EXTENT, left_out.list)).resources
}

/** Returns the number and the first `limit` of the faults that `faultsWithoutMetadata` yields. */
const firstWithoutMetadata = async (
  services: ResultStores,
  restore: PlannedRestore,
  limit: number,
): Promise<{ readonly count: number; readonly faults: readonly StreamFault[] }> => {
  const hasIds = restore.job.request.filters.ids !== undefined
  const faults: StreamFault[] = []
  let count = 0
  for await (const fault of faultsWithoutMetadata(services, restore)) {
    count += 1
    if (faults.length < limit) faults.push(fault)
    else if (!hasIds) break
  }
  if (hasIds) return { count, faults }
  // Without ids, the pages state the number of resources, so they need not be read to the end.
  const pages = await pagesWithoutMetadata(services, restore)
  return { count: pages.reduce((sum, { without_metadata }) => sum + without_metadata, 0), faults }
}

/**
 * Yields the faults of the selected resources of a stream whose metadata is not in the converted archive. All other
 * resources that are left out are listed in the extents.
 */
async function* faultsWithoutMetadata(services: ResultStores, restore: PlannedRestore): AsyncGenerator<StreamFault> {
  const pages = await pagesWithoutMetadata(services, restore)
  for await (const fault of faultsOf(services, pages, restore.job.request.filters.ids))
    if (!fault.has_metadata) yield fault
}

/** Returns the pages of the stream's faults that contain resources whose metadata is not in the converted archive. */
export const pagesWithoutMetadata = async (
  services: Pick<ResultStores, 'workFiles'>,
  { plan }: Pick<PlannedRestore, 'plan'>,
): Promise<StreamFaultPage[]> =>
  (await streamFaultPages(services, plan)).filter(
    ({ model, without_metadata }) => without_metadata > 0 && plan.models.includes(model),
  )

/** The resources that the export did not write to the archive, and the resources that this restore left out. */
export const ReportedLeftOut = z
  .object({
    count: z.int(),
    resources: z.array(UnrestorableResource).readonly().describe('At most 1,000 of these resources'),
    list: z
      .exactOptional(UnrestorableList)
      .describe('The object that lists all resources that this restore left out. Absent if it left out none'),
  })
  .readonly()
export type ReportedLeftOut = z.output<typeof ReportedLeftOut>

/**
 * Returns the resources that the export or this restore left out, or undefined if no resource was left out. Writes the
 * list of all resources that this restore left out.
 */
export const reportLeftOut = async (
  services: OpenRestoreServices & ListStores,
  restore: PlannedRestore,
): Promise<ReportedLeftOut | undefined> => {
  const own = await resourcesLeftOut(services, restore, MAX_LEFT_OUT_IN_MANIFEST)
  const { left_out: exported = { count: 0, resources: [] } } = (await openPlannedArchive(services, restore.plan))
    .manifest
  const count = own.count + exported.count
  if (count === 0) return undefined
  return {
    count,
    resources: [...own.resources, ...exported.resources].slice(0, MAX_LEFT_OUT_IN_MANIFEST),
    ...(own.count === 0
      ? {}
      : {
          list: await writeUnrestorableList(services, restore.job.job_id, allResourcesLeftOut(services, restore)),
        }),
  }
}

/**
 * Returns an object with the member `left_out` of a job's result. If no resource is left out, returns an empty object.
 */
export const listedLeftOut = (leftOut: ReportedLeftOut | undefined): { readonly left_out?: ListedResources } =>
  leftOut === undefined
    ? {}
    : {
        left_out: {
          ...listedResources(leftOut.resources, leftOut.count),
          ...(leftOut.list === undefined ? {} : { list: leftOut.list }),
        },
      }
