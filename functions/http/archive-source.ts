import * as z from 'zod'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import { text } from '../../shared/requests/parameters.ts'
import type { ArchiveSourceRequest } from '../../shared/restore/request.ts'

/** Names of buckets, keys, versions and jobs. S3 limits keys to 1,024 bytes; the other names are shorter. */
const name = () =>
  text()
    .min(1, 'must not be empty')
    .refine((value) => value.isWellFormed(), 'must be valid Unicode')
    .refine((value) => !value.includes('\0'), 'must not contain U+0000')
    .refine((value) => Buffer.byteLength(value) <= 1024, 'must be at most 1,024 bytes long')

const FROM_MESSAGE =
  'must be an object with "job_id" (of an export), or with "bucket", "key" and an optional "version_id"'

/** The schema of the parameter `from`, which identifies an archive. */
export const From = z
  .strictObject(
    {
      job_id: z.exactOptional(name()),
      bucket: z.exactOptional(name()),
      key: z.exactOptional(name()),
      version_id: z.exactOptional(name()),
    },
    FROM_MESSAGE,
  )
  .describe('The archive: the job of an export, or an object in S3')

/** Throws `InvalidRequestError` if `from` identifies no archive, or more than one. */
export const archiveSource = ({ job_id, bucket, key, version_id }: z.output<typeof From>): ArchiveSourceRequest => {
  if (job_id !== undefined && bucket === undefined && key === undefined && version_id === undefined) return { job_id }
  if (job_id === undefined && bucket !== undefined && key !== undefined)
    return { bucket, key, ...(version_id === undefined ? {} : { version_id }) }
  throw new InvalidRequestError([{ field: 'from', message: FROM_MESSAGE }])
}
