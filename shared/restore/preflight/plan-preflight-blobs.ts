import type { OpenArchive } from '../../archive/archive.ts'
import type { Limits } from '../../jobs/limits.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../../jobs/messages.ts'
import { allResults } from '../../jobs/pass.ts'
import { type ListStores, writeUnrestorableList } from '../../jobs/unrestorable-list.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import { MAX_LISTED } from '../../values/message-text.ts'
import { ArchiveResourcesInvalidError, CorruptResourcesError } from '../errors.ts'
import { allResourcesLeftOut, resourcesLeftOut } from '../results/left-out.ts'
import { RESTORE_PLAN, type RestorePlan } from '../messages/inspect.ts'
import { PREFLIGHT } from '../messages/preflight.ts'
import { PREFLIGHT_BLOBS, RESTORE_BLOB_PLAN } from '../messages/preflight-blobs.ts'
import { openPlannedArchive, type OpenRestoreServices } from '../open-restore.ts'

/**
 * Plans `preflight-blobs`. Divides the blob segments of the archive into map items of about `rangeBytes` each. If the
 * restore is strict and a resource cannot be restored, throws `ArchiveResourcesInvalidError`.
 */
export const planPreflightBlobs = async (
  { job_id }: StageInput,
  services: OpenRestoreServices & ListStores & { readonly limits: Pick<Limits, 'rangeBytes'> },
): Promise<PlannedItems> => {
  const { jobs, workFiles, limits } = services
  const plan = await workFiles.read(RESTORE_PLAN, job_id)
  const archive = await openPlannedArchive(services, plan)
  await rejectUnrestorable(services, job_id, plan)
  const results = await allResults({ jobs }, job_id, PREFLIGHT)
  const lists = results.map(({ references }) => references).filter(({ payloads, blobs }) => payloads + blobs > 0)
  const items = segmentItems(archive, plan, limits.rangeBytes)
  if (items.length === 0 && lists.length > 0) items.push([])
  await workFiles.write(RESTORE_BLOB_PLAN, { lists, items }, job_id)
  await jobs.plan(job_id, PREFLIGHT_BLOBS.name, items.length)
  return plannedItems(job_id, items.length)
}

const rejectUnrestorable = async (
  services: OpenRestoreServices & ListStores,
  jobId: string,
  plan: RestorePlan,
): Promise<void> => {
  const job = await restoreJob(services, jobId)
  if (job.request.strict === false) return
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
