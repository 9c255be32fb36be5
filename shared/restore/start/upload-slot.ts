import { type Caller, fingerprintOf, jobIdentity } from '../../jobs/identity.ts'
import { type ArchiveLocation, type RestoreJob, type RestoreRequest, statusAt } from '../../jobs/job.ts'
import { JobStateError, UnknownJobError } from '../../jobs/errors.ts'
import type { Services } from '../../runtime/services.ts'
import { createRestore, firstJob, startWorkflow } from './start-restore.ts'

/** A day: an archive of hundreds of gigabytes is copied to its slot by `aws s3 cp`, which takes hours. */
const SLOT_MS = 24 * 3600_000

const PREFIX = '_slots/'
const SUFFIX = '.acbak'

const slotKey = (jobId: string): string => `${PREFIX}${jobId}${SUFFIX}`

/** The job whose slot a key is; absent where it is no slot's key. */
export const slotJobId = (key: string): string | undefined => {
  if (!key.startsWith(PREFIX) || !key.endsWith(SUFFIX)) return undefined
  return key.slice(PREFIX.length, -SUFFIX.length)
}

/** How a client puts its archive into the slot. */
export interface SlotUpload {
  readonly method: 'PUT'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly expires_at: string
  readonly bucket: string
  readonly key: string
}

/** Opens a slot: a job that waits for its archive, with its options fixed. */
export const openSlot = async (services: Services, request: RestoreRequest, caller: Caller): Promise<RestoreJob> => {
  const now = services.clock()
  const identity = jobIdentity(caller, fingerprintOf({ kind: 'restore', ...request, source: 'slot' }), now)
  return (
    (await firstJob(services, identity)) ??
    createRestore(services, identity, {
      request,
      status: 'awaiting_upload',
      source: 'api',
      requestedBy: caller.requestedBy,
      slotExpiresAt: new Date(now.getTime() + SLOT_MS).toISOString(),
    })
  )
}

/**
 * Signs the upload of a slot that still waits. The URL lives an hour at most (a slow upload that has begun before goes on), and
 * takes one upload only: a second one is refused (412).
 */
export const slotUpload = async (services: Services, job: RestoreJob): Promise<SlotUpload | undefined> => {
  if (job.slot_expires_at === undefined || statusAt(job, services.clock()) !== 'awaiting_upload') return undefined
  const bucket = services.config.buckets.restores
  const key = slotKey(job.job_id)
  const { url, headers, expires_at } = await services.urls.upload(bucket, key, new Date(job.slot_expires_at))
  return {
    method: 'PUT',
    url,
    headers,
    expires_at: expires_at.toISOString(),
    bucket,
    key,
  }
}

/** Starts the job whose slot was filled. Only the first upload counts: what the job is bound to stays. */
export const fillSlot = async (services: Services, jobId: string, archive: ArchiveLocation): Promise<RestoreJob> => {
  const job = await services.jobs.get(jobId)
  if (job?.kind !== 'restore' || job.slot_expires_at === undefined) throw new UnknownJobError(jobId)
  const status = statusAt(job, services.clock())
  if (status === 'expired')
    throw new JobStateError(jobId, status, 'its upload slot was open for a day; ask for a new one')
  if (status === 'cancelled' && job.request.archive === undefined)
    throw new JobStateError(jobId, status, 'its upload slot was closed before anything came; ask for a new one')
  if (status !== 'awaiting_upload') return startWorkflow(services, job)
  // A slot takes one upload, which cannot be put again: it is not refused, however many jobs run.
  const filled = await services.jobs.change(
    jobId,
    { status: 'queued', request: { ...job.request, archive } },
    { from: ['awaiting_upload'] },
  )
  // Another event of the same upload came first, or a caller cancelled it.
  if (filled?.kind !== 'restore') return fillSlot(services, jobId, archive)
  return startWorkflow(services, filled)
}
