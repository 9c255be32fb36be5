import type { ArchiveCatalogue } from '../catalogue/aws/archive-catalogue.ts'
import { abandon } from '../objects/abandon.ts'
import type { MultipartUpload } from '../objects/aws/multipart-upload.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { hasNoSuchUploadName } from '../objects/aws/s3-errors.ts'
import { ObjectChangedError } from '../objects/errors.ts'
import type { Limits } from '../jobs/limits.ts'
import { errorMessage } from '../values/error-message.ts'
import { type ArchiveCopy, type CopyUpload, uploadOf } from './archive-copy.ts'
import type { ArchiveCopies } from './aws/archive-copies.ts'
import { findCopyFault } from './check-copy.ts'
import { copyParts, partBytesFor } from './copy-object.ts'
import { ArchiveCopyError, DamagedSourceError } from './errors.ts'
import type { ScheduledArchive } from './scheduled-archives.ts'

const MIB = 1024 * 1024
/** An archive of this size or less passes through this process. S3 copies larger archives itself. */
const SMALL = 16 * MIB
/**
 * If runs have failed for this time and none has succeeded in between, the next run aborts an unfinished upload and
 * begins the copy again. This is a time and not a number of runs, because Lambda repeats a failed run within minutes.
 */
const MAX_FAILING_MS = 2 * 3_600_000

/** The stores that are needed to copy one archive. */
export interface CopyArchiveServices {
  readonly objects: ObjectStore
  /** Accesses the bucket of the copies, which may be in another region. */
  readonly copies: ObjectStore
  readonly archiveCopies: ArchiveCopies
  readonly catalogue: Pick<ArchiveCatalogue, 'isDamaged'>
  readonly limits: Pick<Limits, 'copyPartBytes'>
  readonly clock: () => Date
}

/** An archive, and the location and state of its copy. */
export interface ArchiveToCopy extends ScheduledArchive {
  readonly schedule: string
  readonly copy: { readonly bucket: string; readonly key: string }
  /** Absent if no run has seen the archive yet. */
  readonly state?: ArchiveCopy
}

/**
 * Checks the copy of an archive and stores the result. Returns true if the copy equals the archive. Otherwise, a copy
 * that was valid becomes `pending`.
 */
export const checkCopy = async (services: CopyArchiveServices, archive: ArchiveToCopy): Promise<boolean> => {
  const { object, copy, state } = archive
  try {
    if ((await findCopyFault(services, object, copy)) === undefined) {
      await storeCopied(services, archive)
      return true
    }
    if (state === undefined || state.state === 'copied') await storePending(services, archive, 0)
    return false
  } catch (error) {
    await storeFailed(services, archive, error, uploadOf(state))
    throw error
  }
}

/**
 * Copies an archive, or continues a copy that an earlier run has begun. If the time is up before the last part, stores
 * the copy as `pending` and returns false. Otherwise, checks the copy, stores it as `copied` and returns true. After an
 * error, stores the copy as `failed` with the reason, and throws the error. The next run then continues the upload, if
 * it can be continued. If a check has found the archive damaged, throws `DamagedSourceError`, because its copy could
 * replace a valid one, and no run continues the upload.
 */
export const copyArchive = async (
  services: CopyArchiveServices,
  archive: ArchiveToCopy,
  timeIsUp: () => boolean,
): Promise<boolean> => {
  const { objects, copies, catalogue } = services
  const { object, copy } = archive
  let upload = uploadOf(archive.state)
  let multipart: MultipartUpload | undefined
  try {
    const isDamaged = await catalogue.isDamaged(object)
    if (upload !== undefined && (isDamaged || mustBeginAgain(archive, upload))) {
      await abortUpload(copies, copy, upload)
      upload = undefined
    }
    if (isDamaged) throw new DamagedSourceError(object.key)
    if (object.size <= SMALL) {
      await copies.put(copy.bucket, copy.key, await objects.readBytes(object, 0, object.size))
    } else {
      upload ??= await begin(services, archive)
      multipart = copies.resumeMultipart(copy.bucket, copy.key, upload.id)
      const parts = await copyParts(multipart, object, { part_bytes: upload.part_bytes, timeIsUp })
      const copied = parts.reduce((sum, { size }) => sum + size, 0)
      if (copied < object.size) {
        await storePending(services, archive, copied, upload)
        return false
      }
      await multipart.complete({ parts })
      upload = undefined
    }
    const fault = await findCopyFault(services, object, copy)
    if (fault !== undefined) throw new ArchiveCopyError(object.key, copyName(archive), fault)
    await storeCopied(services, archive)
    return true
  } catch (error) {
    const isChanged = error instanceof ObjectChangedError
    if (isChanged && multipart !== undefined) await abandon(multipart)
    const canContinue = !isChanged && !hasNoSuchUploadName(error)
    await storeFailed(services, archive, error, canContinue ? upload : undefined)
    throw error
  }
}

/** Aborts the upload of a copy. S3 charges for its parts until then. */
export const abortUpload = (
  copies: ObjectStore,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  { id }: CopyUpload,
): Promise<void> => copies.resumeMultipart(bucket, key, id).abort()

/** Returns true if an upload cannot be continued: the archive was replaced, or the last runs have failed. */
const mustBeginAgain = ({ object, state }: ArchiveToCopy, upload: CopyUpload): boolean =>
  upload.etag !== object.etag ||
  (state?.state === 'failed' && Date.parse(state.failed_at) - Date.parse(state.failing_since) >= MAX_FAILING_MS)

/** Returns the URI of a copy. */
export const copyName = ({ copy: { bucket, key } }: ArchiveToCopy): string => `s3://${bucket}/${key}`

/** Begins an upload, and stores it before any part is copied, so that the next run finds it. */
const begin = async (services: CopyArchiveServices, archive: ArchiveToCopy): Promise<CopyUpload> => {
  const { object, copy } = archive
  const { uploadId } = await services.copies.multipart(copy.bucket, copy.key)
  const part_bytes = partBytesFor(object.size, services.limits.copyPartBytes)
  const upload = { id: uploadId, etag: object.etag, part_bytes }
  await storePending(services, archive, 0, upload)
  return upload
}

const keysOf = ({ object, copy: { bucket, key } }: ArchiveToCopy) => ({ archive: object.key, bucket, key })

const storePending = (
  { archiveCopies }: CopyArchiveServices,
  archive: ArchiveToCopy,
  copied_bytes: number,
  upload?: CopyUpload,
): Promise<void> =>
  archiveCopies.put(archive.schedule, {
    ...keysOf(archive),
    state: 'pending',
    size: archive.object.size,
    copied_bytes,
    ...(upload === undefined ? {} : { upload }),
  })

const storeCopied = ({ archiveCopies, clock }: CopyArchiveServices, archive: ArchiveToCopy): Promise<void> =>
  archiveCopies.put(archive.schedule, { ...keysOf(archive), state: 'copied', checked_at: clock().toISOString() })

const storeFailed = (
  { archiveCopies, clock }: CopyArchiveServices,
  archive: ArchiveToCopy,
  error: unknown,
  upload?: CopyUpload,
): Promise<void> => {
  const { state } = archive
  const failed_at = clock().toISOString()
  // The failures of another upload do not count.
  const isRepeated = state?.state === 'failed' && upload?.id === uploadOf(state)?.id
  return archiveCopies.put(archive.schedule, {
    ...keysOf(archive),
    state: 'failed',
    reason: errorMessage(error),
    failed_at,
    failing_since: isRepeated ? state.failing_since : failed_at,
    ...(upload === undefined ? {} : { upload }),
  })
}
