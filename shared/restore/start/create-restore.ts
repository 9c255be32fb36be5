import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { JobIdentity } from '../../jobs/identity.ts'
import type { JobSource, RestoreJob } from '../../jobs/job.ts'
import type { RestoreRequest } from '../../jobs/job-request.ts'
import { createJob } from './create-job.ts'

interface NewRestore {
  readonly request: RestoreRequest
  readonly status: 'queued' | 'awaiting_upload'
  readonly source: JobSource
  readonly requestedBy: string
  readonly slotExpiresAt?: string
}

/**
 * Creates the job of a restore. If a job with this id exists, returns the existing job. Throws `TooManyJobsError` if
 * a job limit is reached.
 */
export const createRestore = (
  services: { readonly jobs: JobStore; readonly clock: () => Date },
  identity: JobIdentity,
  { request, status, source, requestedBy, slotExpiresAt }: NewRestore,
): Promise<RestoreJob> => {
  const job: RestoreJob = {
    job_id: identity.job_id,
    kind: 'restore',
    status,
    source,
    requested_by: requestedBy,
    created_at: services.clock().toISOString(),
    request,
    ...(slotExpiresAt === undefined ? {} : { slot_expires_at: slotExpiresAt }),
  }
  const running = source === 'upload' ? (['running jobs', 'queued uploads'] as const) : (['running jobs'] as const)
  return createJob(services, job, identity, status === 'queued' ? running : ['slots'])
}
