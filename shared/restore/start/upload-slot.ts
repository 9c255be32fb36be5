import * as z from 'zod'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import { checkStores, type StoreCheckServices } from '../../jobs/check-stores.ts'
import { JobStateError, UnknownJobError } from '../../jobs/errors.ts'
import { type Caller, fingerprintOf, jobIdentity } from '../../jobs/identity.ts'
import { type RestoreJob, statusAt } from '../../jobs/job.ts'
import type { ArchiveLocation, RestoreRequest } from '../../jobs/job-request.ts'
import type { SignedUrls } from '../../objects/aws/signed-urls.ts'
import { findRepeated, startWorkflow } from './create-job.ts'
import { createRestore } from './create-restore.ts'
import type { StartRestoreServices } from './start-restore.ts'

/** A slot is open for one day, because uploading an archive of hundreds of gigabytes takes hours. */
const SLOT_MS = 24 * 3600_000

const PREFIX = '_slots/'
const SUFFIX = '.acbak'

const slotKey = (jobId: string): string => `${PREFIX}${jobId}${SUFFIX}`

/** If a key belongs to an upload slot, returns the id of the slot's job. Returns undefined for any other key. */
export const slotJobId = (key: string): string | undefined => {
  if (!key.startsWith(PREFIX) || !key.endsWith(SUFFIX)) return undefined
  return key.slice(PREFIX.length, -SUFFIX.length)
}

/** The request with which a client uploads its archive to the slot. */
export const SlotUpload = z
  .object({
    method: z.literal('PUT'),
    url: z.string().describe('A signed URL'),
    headers: z.record(z.string(), z.string()).readonly().describe('The headers that the upload must send'),
    expires_at: z.string().describe('The time until which the upload must begin'),
    bucket: z.string(),
    key: z.string(),
  })
  .readonly()
type SlotUpload = z.output<typeof SlotUpload>

/**
 * Opens an upload slot. Creates a job whose options are fixed and which waits for its archive. Throws
 * `ExistingStoresError` if the restore bucket exists and does not have the required settings.
 */
export const openSlot = async (
  services: StoreCheckServices & { readonly jobs: JobStore; readonly clock: () => Date },
  request: RestoreRequest,
  caller: Caller,
): Promise<RestoreJob> => {
  const now = services.clock()
  const identity = jobIdentity(caller, fingerprintOf({ kind: 'restore', ...request, source: 'slot' }), now)
  const repeated = await findRepeated(services, identity, 'restore')
  if (repeated !== undefined) return repeated
  // If the bucket sends no events, an upload to the slot would start no restore, and no job would fail.
  await checkStores(['restore_bucket'], services)
  return createRestore(services, identity, {
    request,
    status: 'awaiting_upload',
    source: 'api',
    requestedBy: caller.requestedBy,
    slotExpiresAt: new Date(now.getTime() + SLOT_MS).toISOString(),
  })
}

/**
 * Returns a signed request for the upload to an open slot, or undefined if the slot is not open. The upload must begin
 * within one hour, but may take longer. S3 rejects a second upload with status 412.
 */
export const slotUpload = async (
  {
    urls,
    config,
    clock,
  }: {
    readonly urls: SignedUrls
    readonly config: { readonly buckets: { readonly restores: string } }
    readonly clock: () => Date
  },
  job: RestoreJob,
): Promise<SlotUpload | undefined> => {
  if (job.slot_expires_at === undefined || statusAt(job, clock()) !== 'awaiting_upload') return undefined
  const bucket = config.buckets.restores
  const key = slotKey(job.job_id)
  const { url, headers, expires_at } = await urls.upload(bucket, key, new Date(job.slot_expires_at))
  return { method: 'PUT', url, headers, expires_at: expires_at.toISOString(), bucket, key }
}

/**
 * Starts the job of a slot that received an upload. Later uploads have no effect, because the job keeps the first
 * archive. Throws `JobStateError` if the slot has expired or was closed before the upload.
 */
export const fillSlot = async (
  services: StartRestoreServices,
  jobId: string,
  archive: ArchiveLocation,
): Promise<RestoreJob> => {
  const job = await services.jobs.get(jobId)
  if (job?.kind !== 'restore' || job.slot_expires_at === undefined) throw new UnknownJobError(jobId, 'upload slot')
  const status = statusAt(job, services.clock())
  if (status === 'expired')
    throw new JobStateError(
      jobId,
      status,
      'has expired, because its upload slot was open for only one day; open a new slot',
    )
  if (status === 'cancelled' && job.request.archive === undefined)
    throw new JobStateError(
      jobId,
      status,
      `accepts no upload, because its upload slot was closed (${status}); open a new slot`,
    )
  if (status !== 'awaiting_upload') return startWorkflow(services, job)
  // The job limit does not apply here, because a slot accepts only one upload. If the upload were rejected, the client
  // could not repeat it.
  const filled = await services.jobs.change(
    jobId,
    { status: 'queued', request: { ...job.request, archive } },
    { from: ['awaiting_upload'] },
  )
  // The job was started by another event of the same upload, or was cancelled.
  if (filled?.kind !== 'restore') return fillSlot(services, jobId, archive)
  return startWorkflow(services, filled)
}
