import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { Leases } from '../../jobs/aws/leases.ts'
import { type FailInput, type PlannedItems, plannedItems } from '../../jobs/messages.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { APPLY_PLAN, ROLLBACK } from '../messages/apply.ts'
import { RESTORE_PLAN } from '../messages/inspect.ts'

/**
 * Plans `rollback` after a failure of `apply-records`: one map item for each extent after a `ConflictError`, none after
 * any other error. The error of a map item is read from the job table, as a distributed map does not report it. The
 * leases are acquired again with new epochs, so that workers that are still running lose theirs. The error is passed on
 * in the state.
 */
export const planRollback = async (
  { job_id, error }: FailInput,
  services: { readonly jobs: JobStore; readonly workFiles: WorkFiles; readonly leases: Leases },
): Promise<PlannedItems & Pick<FailInput, 'error'>> => {
  const { jobs, workFiles, leases } = services
  if ((await jobs.failure(job_id, 'ConflictError')) === undefined) return { ...plannedItems(job_id, 0), error }
  const { models } = await workFiles.read(RESTORE_PLAN, job_id)
  await leases.takeAll(models, job_id)
  const extents = await workFiles.read(APPLY_PLAN, job_id)
  await jobs.plan(job_id, ROLLBACK.name, extents.length)
  return { ...plannedItems(job_id, extents.length), error }
}
