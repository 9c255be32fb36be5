import type { OpenArchive } from '../../archive/archive.ts'
import type { Limits } from '../../jobs/limits.ts'
import { plannedItems, type PlannedRound, type StageInput } from '../../jobs/messages.ts'
import { allResults } from '../../jobs/pass.ts'
import { mergedItems, planLists, PREFLIGHT_MERGE } from '../../jobs/reference-merge.ts'
import { type ListStores, writeUnrestorableList } from '../../jobs/unrestorable-list.ts'
import { archiveJob } from '../../jobs/find-job.ts'
import { MAX_LISTED } from '../../values/message-text.ts'
import { ArchiveResourcesInvalidError, CorruptResourcesError } from '../errors.ts'
import { allResourcesLeftOut, resourcesLeftOut } from '../results/left-out.ts'
import { RESTORE_PLAN, type RestorePlan } from '../messages/inspect.ts'
import { PREFLIGHT } from '../messages/preflight.ts'
import { PREFLIGHT_BLOBS, RESTORE_BLOB_PLAN, type RestoreBlobPlan } from '../messages/preflight-blobs.ts'
import { openPlannedArchive, type OpenRestoreServices } from '../open-restore.ts'
import { readRequest } from '../read-request.ts'

type PlanPreflightBlobsServices = OpenRestoreServices &
  ListStores & { readonly limits: Pick<Limits, 'rangeBytes' | 'listsPerPass' | 'mapItems'> }

/**
 * Plans the map items of one round of `preflight-blobs`. If there are many lists of references to blobs, the first
 * round merges them. The last round reads the blobs. If its plan exists, returns the existing plan, so that repeated
 * attempts agree.
 */
export const planPreflightBlobs = async (
  { job_id }: StageInput,
  services: PlanPreflightBlobsServices,
): Promise<PlannedRound> => {
  const { jobs, workFiles } = services
  const plan = (await workFiles.find(RESTORE_BLOB_PLAN, job_id)) ?? (await createPlan(services, job_id))
  const merged = await mergedItems(jobs, job_id, PREFLIGHT_MERGE)
  const count = 'merges' in plan ? plan.merges : plan.items.length
  await ('merges' in plan
    ? jobs.plan(job_id, PREFLIGHT_BLOBS.name, count)
    : jobs.plan(job_id, PREFLIGHT_BLOBS.name, merged + count, plan.expected))
  return { ...plannedItems(job_id, count, services.limits), more: 'merges' in plan }
}

/**
 * Divides the blob segments of the archive into map items of about `rangeBytes` each. If the restore is strict and a
 * resource cannot be restored, throws `ArchiveResourcesInvalidError`.
 */
const createPlan = async (
  services: PlanPreflightBlobsServices,
  jobId: string,
): Promise<RestoreBlobPlan | { readonly merges: number }> => {
  const { workFiles, limits } = services
  const plan = await workFiles.read(RESTORE_PLAN, jobId)
  await rejectUnrestorable(services, jobId, plan)
  const results = await allResults(services, jobId, PREFLIGHT)
  const all = results.map(({ references }) => references)
  const planned = await planLists(services, jobId, PREFLIGHT_MERGE, all)
  if ('merges' in planned) return planned
  const { lists } = planned
  const archive = await openPlannedArchive(services, plan)
  const items = segmentItems(archive, plan, limits.rangeBytes)
  if (items.length === 0 && lists.length > 0) items.push([])
  return workFiles.writeOnce(
    RESTORE_BLOB_PLAN,
    { lists, items, ...(plan.reads_all_blobs ? { expected: blobsIn(archive) } : {}) },
    jobId,
  )
}

const blobsIn = ({ manifest: { blobs } }: OpenArchive): NonNullable<RestoreBlobPlan['expected']> => ({
  blobs: blobs.count,
  bytes: blobs.bytes,
})

const rejectUnrestorable = async (
  services: OpenRestoreServices & ListStores,
  jobId: string,
  plan: RestorePlan,
): Promise<void> => {
  const job = await archiveJob(services, jobId)
  if (readRequest(job).strict === false) return
  const { count, resources, corrupt } = await resourcesLeftOut(services, { job, plan }, MAX_LISTED)
  if (count === 0) return
  const list = await writeUnrestorableList(services, jobId, allResourcesLeftOut(services, { job, plan }))
  if (corrupt !== undefined) throw new CorruptResourcesError(count, resources, list, corrupt)
  throw new ArchiveResourcesInvalidError(count, resources, list)
}

const segmentItems = (archive: OpenArchive, plan: RestorePlan, rangeBytes: number): number[][] => {
  const items: number[][] = []
  let bytes = Infinity
  for (const segment of plan.blob_segments) {
    const size = archive.segments[segment]?.size ?? 0
    if (bytes + size > rangeBytes) {
      items.push([])
      bytes = 0
    }
    items.at(-1)?.push(segment)
    bytes += size
  }
  return items
}
