import { randomUUID } from 'node:crypto'
import pMap from 'p-map'
import * as z from 'zod'
import { abandon } from '../objects/abandon.ts'
import type { ChecksumOptions, UploadedPart } from '../objects/aws/multipart-upload.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { hasNoSuchUploadName, isConflict } from '../objects/aws/s3-errors.ts'
import type { WriteOptions } from '../objects/aws/stored-object.ts'
import type { PinnedObject } from '../objects/object.ts'
import { ObjectChangedError, ObjectExistsError } from '../objects/errors.ts'
import type { Part } from '../objects/part-layout.ts'
import { copiedRange, partBytes, type PartSource } from '../objects/part-source.ts'
import { JobCancelledError } from './errors.ts'
import type { JobStore } from './aws/job-store.ts'
import { ENDED } from './job.ts'
import type { WorkFile, WorkFiles } from './work-files.ts'
import { workUntil } from './work-until.ts'

/** The object that an upload creates. With `ifAbsent`, an existing object is not replaced. */
export interface UploadTarget {
  readonly bucket: string
  readonly key: string
  readonly options?: WriteOptions & ChecksumOptions
  readonly ifAbsent?: boolean
}

/** A multipart upload that several passes continue. */
const OpenUpload = z
  .object({
    bucket: z.string(),
    key: z.string(),
    upload_id: z.string(),
    /** The parts that earlier passes have created. */
    parts: z
      .array(
        z
          .object({
            number: z.int(),
            etag: z.string(),
            size: z.int(),
            sha256_base64: z.exactOptional(z.string()),
          })
          .readonly(),
      )
      .readonly(),
    /** True if S3 stores the SHA-256 of each part. */
    stores_sha256: z.exactOptional(z.literal(true)),
    /** The number of uploads that were begun for this object (see `MAX_UPLOADS`). */
    begun: z.int(),
  })
  .readonly()
type OpenUpload = z.output<typeof OpenUpload>

const PREFIX = 'uploads/'
/** Written when an upload begins, and when a pass ends before its upload. A file is never changed. */
const OPEN_UPLOAD: WorkFile<OpenUpload, [id: string]> = { name: (id) => `${PREFIX}${id}`, content: OpenUpload }

/**
 * The number of parts that are created at the same time. A part that the worker uploads takes up to 37 MiB of memory.
 * Most parts are copied by S3 and take no memory.
 */
const PARALLEL_PARTS = 3
/**
 * The number of uploads for one object. Another one begins if the completion conflicts with another write, or if the
 * upload no longer exists, for example because an attempt whose result was lost has completed it. The same happens once
 * if the server computes no checksums of copied parts.
 */
const MAX_UPLOADS = 5

/**
 * The number of uploads that are aborted at the same time. A job with 1,000 large blobs has at least as many files, and
 * a request that cancels it must end within 30 seconds.
 */
const PARALLEL_ABORTS = 16

interface UploadServices {
  readonly jobs: JobStore
  readonly objects: ObjectStore
  readonly workFiles: WorkFiles
}

/**
 * Creates a large object from parts in several passes. If the time is up before the last part, or if AWS throttles a
 * part or the completion until the time of the pass is used up, writes a file with the parts so far and returns it as
 * `upload`. The next pass passes this file as `saved` and continues.
 *
 * If an update of the deployment has changed the division into parts since `saved` was written, another upload begins.
 *
 * Throws `ObjectExistsError` if `ifAbsent` is true and the object exists. If a pass that has begun the upload fails, it
 * aborts the upload, because the next attempt begins another one. The uploads of a job that ends are aborted by
 * `abortOpenUploads`.
 */
export const uploadInSteps = async (
  services: UploadServices,
  pass: {
    readonly job_id: string
    readonly timeIsUp: () => boolean
    readonly mustHandOver?: (error: unknown) => boolean
  },
  target: UploadTarget,
  parts: readonly Part<PartSource>[],
  saved?: PinnedObject,
): Promise<{ readonly object: PinnedObject } | { readonly upload: PinnedObject }> => {
  const { objects, workFiles } = services
  const { job_id, timeIsUp, mustHandOver = () => false } = pass
  const open =
    saved === undefined ? await begin(services, job_id, target, 1) : await workFiles.readPinned(OPEN_UPLOAD, saved)
  const upload = objects.resumeMultipart(open.bucket, open.key, open.upload_id, {
    storesSha256: open.stores_sha256 === true,
  })
  const continueLater = async (state: OpenUpload): Promise<{ readonly upload: PinnedObject }> => ({
    upload: await writeOpenUpload(workFiles, job_id, state),
  })
  const beginAgain = async (): Promise<{ readonly upload: PinnedObject }> =>
    continueLater(await begin(services, job_id, target, open.begun + 1))
  const hasOtherParts = open.parts.some(({ size }, k) => size !== parts[k]?.size)
  if (hasOtherParts) {
    await abandon(upload)
    return beginAgain()
  }
  const createPart = async ([index, part]: [number, Part<PartSource>]): Promise<UploadedPart> =>
    part.kind === 'upload'
      ? upload.uploadPart(index + 1, await partBytes(objects, part))
      : upload.copyPart(index + 1, copiedRange(part.slice))
  try {
    const left = [...parts.entries()].slice(open.parts.length)
    const created = await workUntil(left, createPart, { concurrency: PARALLEL_PARTS, timeIsUp, mustHandOver })
    const all = [...open.parts, ...created]
    if (all.length < parts.length) return await continueLater({ ...open, parts: all })
    try {
      return { object: await upload.complete({ ifAbsent: target.ifAbsent === true, parts: all }) }
    } catch (error) {
      if (created.length === 0 || !mustHandOver(error)) throw error
      return await continueLater({ ...open, parts: all })
    }
  } catch (error) {
    const isLost = isConflict(error) || hasNoSuchUploadName(error) || objects.disableChecksumsAfter(error)
    if (saved === undefined || isLost || FINAL.some((type) => error instanceof type)) await abandon(upload)
    if (!isLost || open.begun === MAX_UPLOADS) throw error
    return beginAgain()
  }
}

/** After these errors, no other attempt continues the upload. */
const FINAL = [ObjectChangedError, ObjectExistsError, JobCancelledError]

/**
 * Begins an upload. The status of the job is read after the file is written: if the job has not ended, the function
 * that ends it finds the file. Throws `JobCancelledError` if the job has ended.
 */
const begin = async (
  { jobs, objects, workFiles }: UploadServices,
  jobId: string,
  { bucket, key, options }: UploadTarget,
  begun: number,
): Promise<OpenUpload> => {
  const upload = await objects.multipart(bucket, key, options)
  const open: OpenUpload = {
    ...{ bucket, key, upload_id: upload.uploadId, parts: [], begun },
    ...(upload.storesSha256 ? { stores_sha256: true } : {}),
  }
  try {
    await writeOpenUpload(workFiles, jobId, open)
    const status = (await jobs.get(jobId))?.status
    if (status === undefined || !ENDED.includes(status)) return open
    throw new JobCancelledError(jobId, status)
  } catch (error) {
    await abandon(upload)
    throw error
  }
}

const writeOpenUpload = (workFiles: WorkFiles, jobId: string, open: OpenUpload): Promise<PinnedObject> =>
  workFiles.write(OPEN_UPLOAD, open, jobId, randomUUID())

/** Aborts an upload that no pass will continue, because its source was replaced or deleted. */
export const abortSavedUpload = async (
  { objects, workFiles }: Omit<UploadServices, 'jobs'>,
  saved: PinnedObject,
): Promise<void> => {
  const { bucket, key, upload_id } = await workFiles.readPinned(OPEN_UPLOAD, saved)
  await objects.resumeMultipart(bucket, key, upload_id).abort()
}

/**
 * Aborts the uploads that passes of a job have begun and not completed, because S3 charges for their parts. Called when
 * a job fails or is cancelled. A pass that is still running then fails.
 */
export const abortOpenUploads = async (
  { objects, workFiles }: Omit<UploadServices, 'jobs'>,
  jobId: string,
): Promise<void> => {
  const aborted = new Set<string>()
  const abort = async (file: PinnedObject): Promise<void> => {
    const { bucket, key, upload_id } = await workFiles.readPinned(OPEN_UPLOAD, file)
    if (aborted.has(upload_id)) return
    aborted.add(upload_id)
    await objects.resumeMultipart(bucket, key, upload_id).abort()
  }
  const files = objects.list(workFiles.bucket, workFiles.key(jobId, PREFIX))
  await pMap(files, abort, { concurrency: PARALLEL_ABORTS })
}
