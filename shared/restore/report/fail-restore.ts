import { endJob, publishJobEnded } from '../../jobs/end-job.ts'
import { explainFailure } from '../../jobs/explain-failure.ts'
import { hasEnded, type RestoreJob } from '../../jobs/job.ts'
import type { Problem } from '../../problems/problem.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import type { FailInput, StageInput } from '../../jobs/messages.ts'
import type { Services } from '../../runtime/services.ts'

/** Before these phases nothing of a restore has been written. */
const READING_PHASES: readonly (string | undefined)[] = [undefined, 'convert', 'preflight', 'preflight-blobs']

/** Ends a job that failed: tells why (also beside an upload), and frees its leases, or leaves them draining where it has written. */
export const failRestore = async (input: FailInput, services: Services): Promise<StageInput> => {
  const { job_id } = input
  const job = await restoreJob(services, job_id)
  const problem = await explainFailure(services, input)
  await releaseLeases(services, job)
  const failed = await endJob(services, job_id, { status: 'failed', error: problem }, ['queued', 'running', 'failed'])
  // Not where it was cancelled or has ended otherwise: that stands beside the upload already.
  if (failed !== undefined) await reportBeside(services, job, problem)
  await publishJobEnded(services, job_id)
  return { job_id }
}

/** Gives the leases of a restore back that ends: at once where it wrote nothing, else when no write of its can still be under way. */
export const releaseLeases = async (
  { leases }: Pick<Services, 'leases'>,
  { job_id, leased, phase }: RestoreJob,
): Promise<void> => {
  if (leased === undefined) return
  const lease = leases.held(leased, job_id)
  if (READING_PHASES.includes(phase)) await lease.free()
  else await lease.drain()
}

/**
 * Frees what a restore that ended left draining. For engines whose handlers run in this process, once they have all returned:
 * no write of the job can be under way any more.
 */
export const freeEndedLeases = async ({ jobs, leases }: Services, jobId: string): Promise<void> => {
  const job = await jobs.get(jobId)
  if (job?.kind === 'restore' && job.leased !== undefined && hasEnded(job)) await leases.held(job.leased, jobId).free()
}

/** The same for all models, when such an engine begins: its process may have died between a job's end and the freeing. */
export const freeAbandonedLeases = async (services: Services): Promise<void> => {
  for (const model of services.models.names) {
    const holder = await services.leases.holderOf(model)
    if (holder !== undefined) await freeEndedLeases(services, holder)
  }
}

/** The outcome of an upload lies beside it, also when it failed: with a report where verification made one. */
const reportBeside = async ({ objects }: Services, job: RestoreJob, problem: Problem): Promise<void> => {
  const beside = job.request.report_beside
  if (beside === undefined) return
  const key = `${beside.key}.report.json`
  const kept = problem.type === 'verification-failed' ? await objects.getJson<object>(beside.bucket, key) : undefined
  await objects.putJson(beside.bucket, key, { job_id: job.job_id, ...kept, passed: false, error: problem })
}
