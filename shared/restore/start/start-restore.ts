import { createHash } from 'node:crypto'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import { type Caller, fingerprintOf, type JobIdentity, jobIdentity } from '../../jobs/identity.ts'
import type { RestoreJob } from '../../jobs/job.ts'
import type { ArchiveLocation, RestoreRequest } from '../../jobs/job-request.ts'
import type { WorkFiles } from '../../jobs/work-files.ts'
import type { WorkflowEngine } from '../../jobs/workflow-engine.ts'
import type { ArchiveSourceRequest } from '../request.ts'
import { findRepeated, startWorkflow } from './create-job.ts'
import { createRestore } from './create-restore.ts'
import { type LocateArchiveServices, locateArchive } from './locate-archive.ts'

export interface StartRestoreServices {
  readonly jobs: JobStore
  readonly workflows: WorkflowEngine
  readonly clock: () => Date
}

/** Starts the restore of an archive that is the body of the request. The body is stored in the work bucket. */
export const startRestoreOfBody = (
  services: StartRestoreServices & { readonly workFiles: WorkFiles },
  request: RestoreRequest,
  body: Buffer,
  caller: Caller,
): Promise<RestoreJob> => {
  const sha256 = createHash('sha256').update(body).digest('hex')
  return startRestore(services, request, caller, { body: sha256 }, async ({ job_id, once }) => {
    // All requests with the same idempotency key have the same job id, and store their body under the same key. `claim`
    // therefore throws if another request has used the idempotency key, before the body is written.
    if (once !== undefined) await services.jobs.idempotencyKeys.claim(job_id, once)
    const { bucket, key, etag, version_id } = await services.workFiles.writeBytes(body, job_id, 'request.acbak')
    return { bucket, key, etag, ...(version_id === undefined ? {} : { version_id }) }
  })
}

/** Starts the restore of an archive that is stored in S3 or that an export job created. */
export const startRestoreFrom = (
  services: StartRestoreServices & LocateArchiveServices,
  request: RestoreRequest,
  from: ArchiveSourceRequest,
  caller: Caller,
): Promise<RestoreJob> => startRestore(services, request, caller, { from }, () => locateArchive(services, from))

const startRestore = async (
  services: StartRestoreServices,
  request: RestoreRequest,
  caller: Caller,
  source: object,
  locate: (identity: JobIdentity) => Promise<ArchiveLocation>,
): Promise<RestoreJob> => {
  const fingerprint = fingerprintOf({ kind: 'restore', ...request, source })
  const identity = jobIdentity(caller, fingerprint, services.clock())
  const job =
    (await findRepeated(services, identity, 'restore')) ??
    (await createRestore(services, identity, {
      request: { ...request, archive: await locate(identity) },
      status: 'queued',
      source: 'api',
      requestedBy: caller.requestedBy,
    }))
  return startWorkflow(services, job)
}
