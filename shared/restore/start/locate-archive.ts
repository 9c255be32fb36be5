import type { JobStore } from '../../jobs/aws/job-store.ts'
import { UnknownJobError } from '../../jobs/errors.ts'
import type { ArchiveLocation } from '../../jobs/job-request.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import { isForbidden } from '../../objects/aws/s3-errors.ts'
import { InvalidRequestError } from '../../requests/errors.ts'
import { SourceNotAllowedError } from '../errors.ts'
import type { ArchiveSourceRequest } from '../request.ts'

export interface LocateArchiveServices {
  readonly jobs: JobStore
  readonly objects: ObjectStore
  readonly config: {
    readonly buckets: Readonly<Record<'blobs' | 'archives' | 'restores' | 'work', string>>
    /** Other buckets from which archives may be restored. */
    readonly restore_from: readonly { readonly bucket: string; readonly account?: string }[]
  }
}

/**
 * Returns the location of the requested archive, with its current ETag and version id. Throws `UnknownJobError` if the
 * job does not exist, `SourceNotAllowedError` if the bucket is not allowed, and `InvalidRequestError` if the archive
 * does not exist or cannot be read.
 */
export const locateArchive = async (
  services: LocateArchiveServices,
  from: ArchiveSourceRequest,
): Promise<ArchiveLocation> => ('job_id' in from ? archiveOfJob(services, from.job_id) : archiveAt(services, from))

const archiveOfJob = async ({ jobs }: LocateArchiveServices, jobId: string): Promise<ArchiveLocation> => {
  const job = await jobs.get(jobId)
  if (job === undefined) throw new UnknownJobError(jobId)
  if (job.kind !== 'export')
    throw invalidSource('job_id', `job ${jobId} is a ${job.kind}; only exports have an archive`)
  if (job.result === undefined)
    throw invalidSource(
      'job_id',
      `export ${jobId} has status ${job.status} and no archive; use an export that succeeded`,
    )
  const { bucket, key, version_id, etag } = job.result.archive
  return { bucket, key, etag, ...(version_id === undefined ? {} : { version_id }) }
}

const archiveAt = async (
  { objects, config }: LocateArchiveServices,
  { bucket, key, version_id }: Exclude<ArchiveSourceRequest, { readonly job_id: string }>,
): Promise<ArchiveLocation> => {
  // The blob bucket and the work bucket contain no archives for callers. Every path in them belongs to resources or
  // jobs.
  const { archives, restores, blobs, work } = config.buckets
  const others = config.restore_from.filter((other) => other.bucket !== blobs && other.bucket !== work)
  const allowed = [archives, restores, ...others.map((other) => other.bucket)]
  if (!allowed.includes(bucket)) throw new SourceNotAllowedError(bucket, allowed)
  const account = others.find((other) => other.bucket === bucket)?.account
  const uri = `s3://${bucket}/${key}`
  const head = await objects
    .head(bucket, key, version_id === undefined ? {} : { version_id })
    .catch((error: unknown) => {
      if (!isForbidden(error)) throw error
      throw invalidSource(
        'bucket',
        `this deployment may not read ${uri} (S3 returned 403); ` +
          (account === undefined ? '' : `check that the account ${account} owns the bucket, and `) +
          'allow reading in the policies of the bucket and of its KMS key',
      )
    })
  if (head === undefined)
    throw version_id === undefined
      ? invalidSource('key', `there is no object ${uri}`)
      : invalidSource('version_id', `there is no version ${version_id} of ${uri}`)
  const version = version_id ?? head.version_id
  return { bucket, key, etag: head.etag, ...(version === undefined ? {} : { version_id: version }) }
}

const invalidSource = (member: string, message: string): InvalidRequestError =>
  new InvalidRequestError([{ field: `from.${member}`, message }])
