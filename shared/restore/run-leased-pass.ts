import type { Leases } from '../jobs/aws/leases.ts'
import { archiveJob } from '../jobs/find-job.ts'
import type { PassInput, PassOutput } from '../jobs/messages.ts'
import { type Attempt, type PassResult, type PassServices, runPass } from '../jobs/pass.ts'
import type { ResultName, Stage } from '../jobs/stage.ts'
import { withShorterBudget } from '../throttling/call-context.ts'

export interface LeasedPassServices extends PassServices {
  readonly leases: Leases
}

/**
 * Runs one pass of a restore, and renews the leases of all models of the restore in the meantime. Without this renewal,
 * the leases expire if a pass does not write to the models for 3 minutes. Dry runs and checks have no leases.
 *
 * Errors of the renewal are ignored, because the workers that write check their leases before each write.
 */
export const runLeasedPass = <Result extends PassResult>(
  stage: Stage<Result, ResultName>,
  input: PassInput,
  services: LeasedPassServices,
  work: (attempt: Attempt) => Promise<Result>,
): Promise<PassOutput> =>
  runPass(stage, input, services, (attempt) => whileRenewing(services, input.job_id, () => work(attempt)))

const whileRenewing = async <Result>(
  services: LeasedPassServices,
  jobId: string,
  work: () => Promise<Result>,
): Promise<Result> => {
  const job = await archiveJob(services, jobId)
  if (job.kind !== 'restore' || job.leased === undefined) return work()
  const lease = services.leases.held(job.leased, jobId)
  // If the leases are valid for at least 2 minutes, `check` sends no request.
  // A throttled renewal must not delay the pass, because the next one follows after `watchMs`.
  const renew = (): Promise<void> =>
    withShorterBudget(services.limits.watchMs, () => lease.check()).catch(() => undefined)
  await renew()
  let renewal = Promise.resolve()
  const timer = setInterval(() => {
    renewal = renew()
  }, services.limits.watchMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    await renewal
  }
}
