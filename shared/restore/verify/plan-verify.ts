import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { Limits } from '../../jobs/limits.ts'
import { allResults } from '../../jobs/pass.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../../jobs/messages.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { APPLY_PLAN } from '../messages/apply.ts'
import { LEFT_OUT_EXTENTS } from '../messages/preflight.ts'
import { BLOB_LISTS, PREFLIGHT_BLOBS } from '../messages/preflight-blobs.ts'
import { VERIFY } from '../messages/verify.ts'
import { allExtents } from '../results/extents.ts'

/**
 * Plans the map items of `verify`. The first map items are the extents, and the others are the lists of blobs. Writes
 * a file with the extents from which resources were left out.
 */
export const planVerify = async (
  { job_id }: StageInput,
  {
    jobs,
    workFiles,
    limits,
  }: { readonly jobs: JobStore; readonly workFiles: WorkFiles; readonly limits: Pick<Limits, 'mapItems'> },
): Promise<PlannedItems> => {
  const extents = await workFiles.read(APPLY_PLAN, job_id)
  const lists = await workFiles.read(BLOB_LISTS, job_id)
  const leftOut = (await allExtents({ jobs }, job_id)).filter(({ left_out }) => left_out !== undefined)
  await workFiles.write(LEFT_OUT_EXTENTS, leftOut, job_id)
  const count = extents.length + lists.length
  const verified = await allResults({ jobs }, job_id, PREFLIGHT_BLOBS)
  await jobs.plan(job_id, VERIFY.name, count, {
    resources: extents.reduce((sum, { resources }) => sum + resources, 0),
    blobs: verified.reduce((sum, { actions }) => sum + actions.new + actions.changed + actions.same, 0),
  })
  return plannedItems(job_id, count, limits)
}
