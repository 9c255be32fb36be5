import { startNamedExport } from '../export/start-export.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { type Caller, fingerprintOf, jobIdentity } from '../jobs/identity.ts'
import type { ExportJob } from '../jobs/job.ts'
import { logger } from '../telemetry/telemetry.ts'
import { withShorterBudget } from '../throttling/call-context.ts'
import { errorMessage } from '../values/error-message.ts'
import { findSchedule } from './find-schedule.ts'
import { dueTimeIn, scheduledJobId, scheduledRequest } from './schedule.ts'
import type { StartScheduledServices } from './start-scheduled.ts'

/** The time in milliseconds for which a throttled write is repeated. The response must not wait much longer. */
const WRITE_MS = 5_000

/**
 * Starts an export of a schedule now, even if the schedule is paused. The export belongs to the schedule, and its due
 * time is the current second. A second request in the same second returns the same job. If the caller has sent an
 * `Idempotency-Key`, a repeated request returns the job of the first request. Throws `UnknownScheduleError`,
 * `IdempotencyMismatchError`, `TooManyJobsError` and the errors of `scheduledRequest`. If the run cannot be recorded,
 * the status of the schedule shows the export after it is judged.
 */
export const runSchedule = async (
  services: StartScheduledServices & { readonly jobs: JobStore },
  name: string,
  caller: Caller,
): Promise<ExportJob> => {
  const schedule = findSchedule(services.config.schedules, name)
  const now = services.clock()
  const { once } = jobIdentity(caller, fingerprintOf({ run: name }), now)
  const owner = once === undefined ? undefined : await services.jobs.idempotencyKeys.ownerOf(once)
  const at = (owner === undefined ? undefined : dueTimeIn(owner)) ?? new Date(Math.floor(now.getTime() / 1000) * 1000)
  const identity = { job_id: scheduledJobId(name, at), ...(once === undefined ? {} : { once }) }
  const request = scheduledRequest(schedule, at, services.models)
  const job = await startNamedExport(services, identity, request, caller.requestedBy, 'schedule')
  // A concurrent request with the same key may have created the job in another second.
  const due_at = (dueTimeIn(job.job_id) ?? at).toISOString()
  try {
    await withShorterBudget(WRITE_MS, () => services.scheduleRecords.storeRun(name, { job_id: job.job_id, due_at }))
  } catch (error) {
    // The export has started. After an error, the caller would repeat the request, and start a second export.
    logger.error('the run of a schedule could not be recorded', { job_id: job.job_id, cause: errorMessage(error) })
  }
  return job
}
