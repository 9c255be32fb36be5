import * as z from 'zod'

/** An unfinished multipart upload of a copy. Later runs continue it. */
const CopyUpload = z
  .object({
    id: z.string(),
    /** The ETag of the archive. The copy of another archive with the same key needs a new upload. */
    etag: z.string(),
    part_bytes: z.int(),
  })
  .readonly()
export type CopyUpload = z.output<typeof CopyUpload>

const MEMBERS = {
  /** The key of the archive. */
  archive: z.string(),
  /** The bucket and the key of the copy. */
  bucket: z.string(),
  key: z.string(),
}

const Pending = z
  .object({
    ...MEMBERS,
    state: z.literal('pending'),
    size: z.int(),
    /** The number of bytes that earlier runs have copied. */
    copied_bytes: z.int(),
    upload: z.exactOptional(CopyUpload),
  })
  .readonly()

/** The last check has found that the copy equals its archive. */
const Copied = z.object({ ...MEMBERS, state: z.literal('copied'), checked_at: z.string() }).readonly()

const Failed = z
  .object({
    ...MEMBERS,
    state: z.literal('failed'),
    reason: z.string(),
    failed_at: z.string(),
    /** The time of the first failure after which no run has succeeded. */
    failing_since: z.string(),
    upload: z.exactOptional(CopyUpload),
  })
  .readonly()

export const COPY_STATES = ['pending', 'copied', 'failed'] as const

/** The state of the copy of one scheduled archive. It is deleted after the archive. */
export const ArchiveCopy = z.discriminatedUnion('state', [Pending, Copied, Failed])
export type ArchiveCopy = z.output<typeof ArchiveCopy>

/** Returns the unfinished upload of a copy, if there is one. */
export const uploadOf = (copy: ArchiveCopy | undefined): CopyUpload | undefined =>
  copy === undefined || copy.state === 'copied' ? undefined : copy.upload
