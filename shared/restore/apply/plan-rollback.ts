import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { Leases } from '../../jobs/aws/leases.ts'
import type { Limits } from '../../jobs/limits.ts'
import { type FailInput, plannedItems } from '../../jobs/messages.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import { APPLY_PLAN, ROLLBACK, type RollbackItems } from '../messages/apply.ts'
import { RESTORE_PLAN } from '../messages/inspect.ts'

/**
 * Plans the map items of `rollback` after `apply-records` failed. After a `ConflictError`, each extent becomes one map
 * item. After any other error, there are no map items, because nothing is rolled back. Reads the error of the failed
 * map item from the job table, because a Distributed Map does not report it. Takes the leases again with new epochs.
 * Workers of `apply-records` that are still running thereby lose their leases and cannot write. Returns `error`, so
 * that `fail-restore` receives it.
 */
export const planRollback = async (
  { job_id, error }: FailInput,
  services: {
    readonly jobs: JobStore
    readonly workFiles: WorkFiles
    readonly leases: Leases
    readonly limits: Pick<Limits, 'mapItems'>
  },
): Promise<RollbackItems> => {
  const { jobs, workFiles, leases, limits } = services
  const isConflict = error.Error === 'ConflictError' || (await jobs.failure(job_id, 'ConflictError')) !== undefined
  if (!isConflict) return { ...plannedItems(job_id, 0, limits), error }
  const { models } = await workFiles.read(RESTORE_PLAN, job_id)
  // If another restore has taken one of the leases, it keeps the lease.
  await leases.takeAll(models, job_id, () => Promise.resolve(true))
  const extents = await workFiles.read(APPLY_PLAN, job_id)
  await jobs.plan(job_id, ROLLBACK.name, extents.length)
  return { ...plannedItems(job_id, extents.length, limits), error }
}
