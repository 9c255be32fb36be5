import type { JobStore } from '../jobs/aws/job-store.ts'
import { hasEnded, type RestoreJob } from '../jobs/job.ts'
import type { Leases } from '../jobs/aws/leases.ts'
import type { ModelRegistry } from '../resources/models.ts'

/** A restore that ends in one of these phases has written nothing to the store. Before `convert` there is no phase. */
const READING_PHASES: readonly (string | undefined)[] = [undefined, 'convert', 'preflight', 'preflight-blobs']

/**
 * Releases the leases of a restore that ends: at once if it wrote nothing, otherwise when no write of it can be on its
 * way any more (the leases drain).
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
 * Releases the draining leases of a restore that has ended. Only for engines whose handlers run in this process: after
 * the handlers have returned, no write of the job can be on its way.
 */
export const freeEndedLeases = async (
  { jobs, leases }: { readonly jobs: JobStore; readonly leases: Leases },
  jobId: string,
): Promise<void> => {
  const job = await jobs.get(jobId)
  if (job?.kind === 'restore' && job.leased !== undefined && hasEnded(job)) await leases.held(job.leased, jobId).free()
}

/**
 * Calls `freeEndedLeases` for all models. Called when such an engine starts: its last process may have been killed
 * before that.
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
