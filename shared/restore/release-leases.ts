import type { JobStore } from '../jobs/aws/job-store.ts'
import { hasEnded, type RestoreJob } from '../jobs/job.ts'
import type { Leases } from '../jobs/aws/leases.ts'
import type { ModelRegistry } from '../resources/models.ts'

/**
 * If a restore ends in one of these phases, it has written nothing to the store. Before `convert`, `phase` is absent.
 */
const READING_PHASES: readonly (string | undefined)[] = [undefined, 'convert', 'preflight', 'preflight-blobs']

/**
 * Releases the leases of a restore that has ended. If the restore wrote nothing, they are released at once. Otherwise
 * they drain: other restores can take them after the last write of this restore can have arrived.
 */
export const releaseLeases = async (
  { leases }: { readonly leases: Leases },
  { job_id, leased, phase }: RestoreJob,
): Promise<void> => {
  if (leased === undefined) return
  const lease = leases.held(leased, job_id)
  if (READING_PHASES.includes(phase)) await lease.free()
  else await lease.drain()
}

/**
 * Releases the draining leases of a restore that has ended. Call it only for an engine whose handlers run in this
 * process, and only after the handlers of the job have returned. Then no write of the job can be in flight.
 */
export const freeEndedLeases = async (
  { jobs, leases }: { readonly jobs: JobStore; readonly leases: Leases },
  jobId: string,
): Promise<void> => {
  const job = await jobs.get(jobId)
  if (job?.kind === 'restore' && job.leased !== undefined && hasEnded(job)) await leases.held(job.leased, jobId).free()
}

/**
 * Calls `freeEndedLeases` for the leases of all models. Such an engine calls it when it starts, because its last
 * process may have been killed before it called `freeEndedLeases`.
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
