import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { Limits } from '../../jobs/limits.ts'
import { type PlannedItems, plannedItems, type StageInput } from '../../jobs/messages.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { APPLY_PLAN, APPLY_RECORDS } from '../messages/apply.ts'
import { allExtents } from '../results/extents.ts'
import { bitReversed } from '../../values/bit-reversed.ts'

/** Plans the map items of `apply-records`. Each extent that contains resources becomes one map item. */
export const planApplyRecords = async (
  { job_id }: StageInput,
  {
    jobs,
    workFiles,
    limits,
  }: { readonly jobs: JobStore; readonly workFiles: WorkFiles; readonly limits: Pick<Limits, 'mapItems'> },
): Promise<PlannedItems> => {
  const extents = (await allExtents({ jobs }, job_id)).filter(({ resources }) => resources > 0)
  const ordered = bitReversed(extents.length).flatMap((index) => extents[index] ?? [])
  await workFiles.write(APPLY_PLAN, ordered, job_id)
  await jobs.plan(job_id, APPLY_RECORDS.name, ordered.length, {
    resources: extents.reduce((sum, { resources }) => sum + resources, 0),
  })
  return plannedItems(job_id, ordered.length, limits)
}
