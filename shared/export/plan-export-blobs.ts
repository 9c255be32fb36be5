import { planPrefixRanges } from '../blobs/blob-references.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { Limits } from '../jobs/limits.ts'
import { plannedItems, type PlannedRound, type StageInput } from '../jobs/messages.ts'
import { allResults } from '../jobs/pass.ts'
import { EXPORT_MERGE, mergedItems, planLists } from '../jobs/reference-merge.ts'
import { type ListStores, writeUnrestorableList } from '../jobs/unrestorable-list.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import { blobsPerRange } from './blobs-per-range.ts'
import { UnrestorableResourcesError } from './errors.ts'
import { readLeftOut } from './left-out.ts'
import { BLOB_PLAN, type BlobPlan, EXPORT_BLOBS, EXPORT_RECORDS } from './messages.ts'

interface PlanExportBlobsServices extends ListStores {
  readonly jobs: JobStore
  readonly blobs: BlobStore
  readonly workFiles: WorkFiles
  readonly limits: Limits
}

/**
 * Plans the map items of one round of `export-blobs`. If there are many lists of references to blobs, the first round
 * merges them. The last round exports the blobs. If its plan exists, returns the existing plan, so that repeated
 * attempts agree.
 */
export const planExportBlobs = async (
  { job_id }: StageInput,
  services: PlanExportBlobsServices,
): Promise<PlannedRound> => {
  const { jobs, workFiles } = services
  const plan = (await workFiles.find(BLOB_PLAN, job_id)) ?? (await createPlan(services, job_id))
  const merged = await mergedItems(jobs, job_id, EXPORT_MERGE)
  const count = 'merges' in plan ? plan.merges : plan.items.length
  await ('merges' in plan
    ? jobs.plan(job_id, EXPORT_BLOBS.name, count)
    : jobs.plan(job_id, EXPORT_BLOBS.name, merged + count, plan.expected))
  return { ...plannedItems(job_id, count, services.limits), more: 'merges' in plan }
}

/**
 * Splits the blobs to which the records refer into ranges of positions. A blob has one position, so it is exported once
 * even if many resources refer to it. A map item has at most `blobsPerRange` blobs and about `bytesPerRange` bytes. If
 * resources must be left out, writes the list of these resources. If the export is then strict, throws
 * `UnrestorableResourcesError`.
 */
const createPlan = async (
  services: PlanExportBlobsServices,
  jobId: string,
): Promise<BlobPlan | { readonly merges: number }> => {
  const { workFiles, limits } = services
  const { request } = await exportJob(services, jobId)
  const results = await allResults(services, jobId, EXPORT_RECORDS)
  const leftOut = await readLeftOut(workFiles, results)
  if (leftOut.length > 0) {
    const list = await writeUnrestorableList(services, jobId, leftOut)
    if (request.strict) throw new UnrestorableResourcesError(leftOut, list)
  }
  const all = results.map(({ references }) => references)
  const planned = await planLists(services, jobId, EXPORT_MERGE, all)
  if ('merges' in planned) return planned
  const { lists } = planned
  const { perRange, blobs } = await blobsPerRange(services, lists, limits)
  const items = planPrefixRanges(lists, { payloads: limits.blobsPerRange, blobs: perRange })
  return workFiles.writeOnce(BLOB_PLAN, { lists, items, expected: { blobs } }, jobId)
}
