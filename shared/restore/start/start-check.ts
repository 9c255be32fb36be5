import type { JobStore } from '../../jobs/aws/job-store.ts'
import { type Caller, fingerprintOf, jobIdentity } from '../../jobs/identity.ts'
import type { CheckJob } from '../../jobs/job.ts'
import type { WorkflowEngine } from '../../jobs/workflow-engine.ts'
import type { ArchiveSourceRequest } from '../request.ts'
import { createJob, findRepeated, startWorkflow } from './create-job.ts'
import { type LocateArchiveServices, locateArchive } from './locate-archive.ts'

export interface StartCheckServices {
  readonly jobs: JobStore
  readonly workflows: WorkflowEngine
  readonly clock: () => Date
}

/**
 * Starts a job that checks an archive. A repeated request with the same idempotency key returns the existing job.
 * Throws `TooManyJobsError` if the limit on checks is reached, and the errors of `locateArchive`.
 */
export const startCheck = async (
  services: StartCheckServices & LocateArchiveServices,
  from: ArchiveSourceRequest,
  caller: Caller,
): Promise<CheckJob> => {
  const { clock } = services
  const identity = jobIdentity(caller, fingerprintOf({ kind: 'check', source: { from } }), clock())
  const job =
    (await findRepeated(services, identity, 'check')) ??
    (await createJob(
      services,
      {
        job_id: identity.job_id,
        kind: 'check',
        status: 'queued',
        source: 'api',
        requested_by: caller.requestedBy,
        created_at: clock().toISOString(),
        request: { filters: {}, archive: await locateArchive(services, from) },
      },
      identity,
      ['checks'],
    ))
  return startWorkflow(services, job)
}
