import type { JobStore } from '../../jobs/aws/job-store.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../../jobs/messages.ts'
import { allResults } from '../../jobs/pass.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { APPLY_PLAN } from '../messages/apply.ts'
import { PREFLIGHT_BLOBS } from '../messages/preflight-blobs.ts'
import { VERIFY } from '../messages/verify.ts'

/** Plans the map items of `verify`. The first map items are the extents, and the others are the lists of blobs. */
export const planVerify = async (
  { job_id }: StageInput,
  { jobs, workFiles }: { readonly jobs: JobStore; readonly workFiles: WorkFiles },
): Promise<PlannedItems> => {
  const extents = await workFiles.read(APPLY_PLAN, job_id)
  const lists = await allResults({ jobs }, job_id, PREFLIGHT_BLOBS)
  const count = extents.length + lists.length
  await jobs.plan(job_id, VERIFY.name, count)
  return plannedItems(job_id, count)
}
