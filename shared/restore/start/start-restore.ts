import { createHash } from 'node:crypto'
import { type Caller, fingerprintOf, type JobIdentity, jobIdentity } from '../../jobs/identity.ts'
import type { ArchiveLocation, Job, JobSource, RestoreJob, RestoreRequest } from '../../jobs/job.ts'
import { UnknownJobError } from '../../jobs/errors.ts'
import { createWithinLimit } from '../../jobs/admission.ts'
import type { Services } from '../../runtime/services.ts'
import type { ArchiveSourceRequest } from '../request.ts'
import { locateArchive } from './locate-archive.ts'

/** Restores an archive that came in the request itself: it is kept in the work bucket, under the job's name. */
export const startRestoreOfBody = (
  services: Services,
  request: RestoreRequest,
  body: Buffer,
  caller: Caller,
): Promise<RestoreJob> => {
  const sha256 = createHash('sha256').update(body).digest('hex')
  return startRestore(services, request, caller, { body: sha256 }, async ({ job_id, once }) => {
    // Whoever has the key alone puts a body under the job's name: it must not replace another request's.
    if (once !== undefined) await services.jobs.claim(job_id, once)
    const bucket = services.config.buckets.work
    const key = `work/${job_id}/request.acbak`
    const put = await services.objects.put(bucket, key, body)
    return { bucket, key, etag: put.etag, ...(put.version_id === undefined ? {} : { version_id: put.version_id }) }
  })
}

/** Restores an archive that lies in S3, or that an export made. */
export const startRestoreFrom = (
  services: Services,
  request: RestoreRequest,
  from: ArchiveSourceRequest,
  caller: Caller,
): Promise<RestoreJob> => startRestore(services, request, caller, { from }, () => locateArchive(services, from))

const startRestore = async (
  services: Services,
  request: RestoreRequest,
  caller: Caller,
  source: object,
  locate: (identity: JobIdentity) => Promise<ArchiveLocation>,
): Promise<RestoreJob> => {
  const fingerprint = fingerprintOf({ kind: 'restore', ...request, source })
  const identity = jobIdentity(caller, fingerprint, services.clock())
  const first = await firstJob(services, identity)
  const job =
    first ??
    (await createRestore(services, identity, {
      request: { ...request, archive: await locate(identity) },
      status: 'queued',
      source: 'api',
      requestedBy: caller.requestedBy,
    }))
  return startWorkflow(services, job)
}

/** The job that an earlier request with the same key made: its archive stays what it was. */
export const firstJob = async ({ jobs }: Services, { job_id, once }: JobIdentity): Promise<RestoreJob | undefined> => {
  if (once === undefined) return undefined
  const standing = await jobs.get(job_id)
  if (standing === undefined) return undefined
  // Creating it again says whether this is the same request.
  return asRestore((await jobs.create(standing, once)).job)
}

/** Makes the job of a restore. Where one of this name stands, that one is given. */
export const createRestore = async (
  services: Services,
  { job_id, once }: JobIdentity,
  making: {
    readonly request: RestoreRequest
    readonly status: 'queued' | 'awaiting_upload'
    readonly source: JobSource
    readonly requestedBy: string
    readonly slotExpiresAt?: string
  },
): Promise<RestoreJob> => {
  const made: RestoreJob = {
    job_id,
    kind: 'restore',
    status: making.status,
    source: making.source,
    requested_by: making.requestedBy,
    created_at: services.clock().toISOString(),
    request: making.request,
    ...(making.slotExpiresAt === undefined ? {} : { slot_expires_at: making.slotExpiresAt }),
  }
  return createWithinLimit(services, {
    kind: making.status === 'queued' ? 'running jobs' : 'slots',
    find: () => (once === undefined ? standingJob(services, job_id) : firstJob(services, { job_id, once })),
    create: async () => asRestore((await services.jobs.create(made, once)).job),
  })
}

const standingJob = async ({ jobs }: Services, jobId: string): Promise<RestoreJob | undefined> => {
  const standing = await jobs.get(jobId)
  return standing === undefined ? undefined : asRestore(standing)
}

/** Starts a job's workflow where it has not begun: also where the process died between making the job and starting it. */
export const startWorkflow = async ({ workflows }: Services, job: RestoreJob): Promise<RestoreJob> => {
  if (job.status === 'queued') await workflows.start('restore', job.job_id)
  return job
}

const asRestore = (job: Job): RestoreJob => {
  // A key that belongs to an export has another fingerprint, and is refused before this.
  if (job.kind !== 'restore') throw new UnknownJobError(job.job_id)
  return job
}
