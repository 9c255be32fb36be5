import { planPrefixRanges } from '../blobs/blob-references.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { exportJob } from '../jobs/find-job.ts'
import type { Limits } from '../jobs/limits.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../jobs/messages.ts'
import { allResults } from '../jobs/pass.ts'
import { type ListStores, writeUnrestorableList } from '../jobs/unrestorable-list.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import { blobsPerRange } from './blobs-per-range.ts'
import { UnrestorableResourcesError } from './errors.ts'
import { readLeftOut } from './left-out.ts'
import { BLOB_PLAN, EXPORT_BLOBS, EXPORT_RECORDS } from './messages.ts'

/**
 * Plans the map items of `export-blobs`. Splits the blobs to which the records refer into ranges of positions. A blob
 * has one position, so it is exported once even if many resources refer to it. A map item has at most `blobsPerRange`
 * blobs and about `bytesPerRange` bytes. If resources must be left out, writes the
 * list of these resources. If the export is then strict, throws `UnrestorableResourcesError`.
 */
export const planExportBlobs = async (
  { job_id }: StageInput,
  services: ListStores & {
    readonly jobs: JobStore
    readonly blobs: BlobStore
    readonly workFiles: WorkFiles
    readonly limits: Limits
  },
): Promise<PlannedItems> => {
  const { jobs, workFiles, limits } = services
  const { request } = await exportJob(services, job_id)
  const results = await allResults(services, job_id, EXPORT_RECORDS)
  const leftOut = await readLeftOut(workFiles, results)
  if (leftOut.length > 0) {
    const list = await writeUnrestorableList(services, job_id, leftOut)
    if (request.strict) throw new UnrestorableResourcesError(leftOut, list)
  }
  const lists = results.map(({ references }) => references).filter(({ payloads, blobs }) => payloads + blobs > 0)
  const items = planPrefixRanges(lists, {
    payloads: limits.blobsPerRange,
    blobs: await blobsPerRange(services, lists, limits),
  })
  await workFiles.write(BLOB_PLAN, { lists, items }, job_id)
  await jobs.plan(job_id, EXPORT_BLOBS.name, items.length)
  return plannedItems(job_id, items.length)
}
