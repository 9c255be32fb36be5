import type { JobStore } from '../jobs/aws/job-store.ts'
import { hasEnded, type RestoreJob } from '../jobs/job.ts'
import type { Leases } from '../jobs/aws/leases.ts'
import type { ModelRegistry } from '../resources/models.ts'

/** The phases in which a restore does not write to the store. `phase` is undefined until the first phase begins. */
const READING_PHASES: readonly (string | undefined)[] = [undefined, 'convert', 'preflight', 'preflight-blobs']

/** Returns true if a restore that is in this phase, or has ended in it, has written nothing to the store. */
export const hasOnlyRead = ({ phase }: Pick<RestoreJob, 'phase'>): boolean => READING_PHASES.includes(phase)

/**
 * Releases the leases of a restore that has ended. If the restore has written nothing, other restores can take the
 * leases at once. Otherwise, other restores can take them only after some minutes, because DynamoDB or S3 may still
 * execute a last write of this restore.
 */
export const releaseLeases = async ({ leases }: { readonly leases: Leases }, job: RestoreJob): Promise<void> => {
  if (job.leased === undefined) return
  const lease = leases.held(job.leased, job.job_id)
  if (hasOnlyRead(job)) await lease.free()
  else await lease.drain()
}

/**
 * Makes the draining leases of a restore that has ended available at once. Call this function only if all handlers of
 * the job ran in this process and have returned. Only then can no write of the job be unfinished.
 */
export const freeEndedLeases = async (
  { jobs, leases }: { readonly jobs: JobStore; readonly leases: Leases },
  jobId: string,
): Promise<void> => {
  const job = await jobs.get(jobId)
  if (job?.kind === 'restore' && job.leased !== undefined && hasEnded(job)) await leases.held(job.leased, jobId).free()
}

/**
 * Calls `freeEndedLeases` for each job that holds the lease of a model. The local program calls this function when it
 * starts, because the previous process may have been killed before it called `freeEndedLeases`.
 */
export const freeAbandonedLeases = async (services: {
  readonly jobs: JobStore
  readonly leases: Leases
  readonly models: ModelRegistry
}): Promise<void> => {
  for (const model of services.models.names) {
    const holder = await services.leases.holderOf(model)
    if (holder !== undefined) await freeEndedLeases(services, holder)
  }
}
