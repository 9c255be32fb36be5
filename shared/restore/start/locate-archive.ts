import { InvalidRequestError } from '../../requests/errors.ts'
import type { ArchiveLocation } from '../../jobs/job.ts'
import { UnknownJobError } from '../../jobs/errors.ts'
import { isForbidden } from '../../objects/aws/s3-errors.ts'
import type { Services } from '../../runtime/services.ts'
import type { ArchiveSourceRequest } from '../request.ts'

/** The caller named a bucket that restores may not be taken from. */
export class SourceNotAllowedError extends Error {
  override readonly name = 'SourceNotAllowedError'
  readonly bucket: string
  readonly allowed: readonly string[]

  constructor(bucket: string, allowed: readonly string[]) {
    super(`archives are not restored from bucket ${bucket}; allowed: ${allowed.join(', ')}`)
    this.bucket = bucket
    this.allowed = allowed
  }
}

/** Finds the archive that a caller names, and pins the state that it is in now. */
export const locateArchive = async (services: Services, from: ArchiveSourceRequest): Promise<ArchiveLocation> =>
  'job_id' in from ? archiveOfJob(services, from.job_id) : archiveAt(services, from)

const archiveOfJob = async ({ jobs }: Services, jobId: string): Promise<ArchiveLocation> => {
  const job = await jobs.get(jobId)
  if (job === undefined) throw new UnknownJobError(jobId)
  if (job.kind !== 'export') throw refused('job_id', `job ${jobId} is a restore; name an export`)
  if (job.result === undefined)
    throw refused('job_id', `job ${jobId} is ${job.status} and has no archive; name an export that has succeeded`)
  const { bucket, key, version_id, etag } = job.result.archive
  return { bucket, key, etag, ...(version_id === undefined ? {} : { version_id }) }
}

const archiveAt = async (
  { objects, config }: Services,
  { bucket, key, version_id }: { readonly bucket: string; readonly key: string; readonly version_id?: string },
): Promise<ArchiveLocation> => {
  const allowed = [...Object.values(config.buckets), ...config.restore_from]
  if (!allowed.includes(bucket)) throw new SourceNotAllowedError(bucket, allowed)
  const head = await objects
    .head(bucket, key, version_id === undefined ? {} : { version_id })
    .catch((error: unknown) => {
      if (!isForbidden(error)) throw error
      throw refused(
        'bucket',
        `S3 refuses to read s3://${bucket}/${key} (403): its bucket or key must let this deployment read it`,
      )
    })
  if (head === undefined)
    throw version_id === undefined
      ? refused('key', `there is no object s3://${bucket}/${key}`)
      : refused('version_id', `there is no version ${version_id} of s3://${bucket}/${key}`)
  const version = version_id ?? head.version_id
  return { bucket, key, etag: head.etag, ...(version === undefined ? {} : { version_id: version }) }
}

const refused = (member: string, message: string): InvalidRequestError =>
  new InvalidRequestError([{ field: `from.${member}`, message }])
