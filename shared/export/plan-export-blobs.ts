import { planPrefixRanges } from '../blobs/blob-references.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { Limits } from '../jobs/limits.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../jobs/messages.ts'
import { allResults } from '../jobs/pass.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import { UnrestorableResourcesError } from './errors.ts'
import { readLeftOut } from './left-out.ts'
import { BLOB_PLAN, EXPORT_BLOBS, EXPORT_RECORDS } from './messages.ts'

/**
 * Throws `UnrestorableResourcesError` if a strict export would have to leave out resources. Otherwise, splits the blobs
 * that the records refer to into ranges of their positions. A blob has one position, so it is exported once even if a
 * million resources refer to it.
 */
export const planExportBlobs = async (
  { job_id }: StageInput,
  stores: { readonly jobs: JobStore; readonly workFiles: WorkFiles; readonly limits: Limits },
): Promise<PlannedItems> => {
  const { jobs, workFiles, limits } = stores
  const { request } = await exportJob(stores, job_id)
  const results = await allResults(stores, job_id, EXPORT_RECORDS)
  const leftOut = await readLeftOut(workFiles, results)
  if (leftOut.length > 0 && request.strict) throw new UnrestorableResourcesError(leftOut)
  const lists = results.map(({ references }) => references).filter(({ payloads, blobs }) => payloads + blobs > 0)
  const items = planPrefixRanges(lists, limits.blobsPerRange)
  await workFiles.write(BLOB_PLAN, { lists, items }, job_id)
  await jobs.plan(job_id, EXPORT_BLOBS.name, items.length)
  return plannedItems(job_id, items.length)
}
