import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { JobStatus } from '../jobs/job.ts'
import type { ArchiveLocation } from '../jobs/job-request.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { type Problem, problemOf } from '../problems/problem.ts'

interface Objects {
  readonly objects: ObjectStore
}

/** The content of a report next to an upload. `passed` is absent until the restore has ended. */
interface UploadReport {
  /** Absent if no job was created. */
  readonly job_id?: string
  readonly status: JobStatus
  readonly passed?: boolean
  readonly error?: Problem
}

const SUFFIX = '.report.json'
/** S3's limit on the length of a key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024
/**
 * The number of attempts to write a report. An attempt fails if the restore of another upload to the same key writes
 * its report at the same time. More than a few such restores are unlikely.
 */
const MAX_ATTEMPTS = 20

/**
 * Returns the key of the report of an upload: `{key}.report.json`. If that key would be too long for S3, returns
 * `_reports/{sha256}.report.json` with the SHA-256 of the upload's key, in hex.
 */
export const reportKey = (key: string): string => {
  const beside = `${key}${SUFFIX}`
  if (Buffer.byteLength(beside) <= MAX_KEY_BYTES) return beside
  return `_reports/${createHash('sha256').update(key).digest('hex')}${SUFFIX}`
}

/** Accepts any JSON, because another program may have written the object to the bucket. */
const AnyReport = z.looseObject({}).catch({})
const ReportedState = z.object({
  job_id: z.string().optional(),
  status: z.string().optional(),
  archive: z.object({ etag: z.string() }).optional(),
})

/**
 * Writes the report next to an upload. `archive` is the version of the upload that was restored. If another object has
 * since been uploaded to the same key, writes nothing, because the report must describe the current object. The report
 * in the archive bucket is not affected.
 */
export const writeUploadReport = async (
  { objects }: Objects,
  archive: ArchiveLocation,
  report: UploadReport,
): Promise<void> => {
  const { bucket, key } = archive
  const { job_id, status, ...members } = report
  const content = { ...(job_id === undefined ? {} : { job_id }), status, archive: describe(archive), ...members }
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    // The ETag of the report is read first, and the ETag of the upload second. The report is written only if the ETag
    // of the existing report is unchanged. If the restore of a later upload writes its report in the meantime, this
    // write therefore fails.
    const replaced = await objects.head(bucket, reportKey(key))
    const current = await objects.head(bucket, key)
    if (current !== undefined && !isSameState(archive, current)) return
    const condition = replaced === undefined ? { ifAbsent: true } : { ifMatch: replaced.etag }
    if ((await objects.putJson(bucket, reportKey(key), content, condition)) !== 'exists') return
  }
  throw new Error(`s3://${bucket}/${reportKey(key)} was replaced during each of ${MAX_ATTEMPTS} attempts to write it`)
}

const describe = ({ bucket, key, version_id, etag }: ArchiveLocation): ArchiveLocation => ({
  bucket,
  key,
  ...(version_id === undefined ? {} : { version_id }),
  ...(etag === undefined ? {} : { etag }),
})

/**
 * Returns true if an object is the version of the upload that was restored. In a bucket without versioning, compares
 * the ETags.
 */
const isSameState = (archive: ArchiveLocation, current: Pick<PinnedObject, 'etag' | 'version_id'>): boolean =>
  archive.version_id !== undefined && current.version_id !== undefined
    ? archive.version_id === current.version_id
    : archive.etag === undefined || archive.etag === current.etag

/**
 * Writes a report with the status `queued` for the restore of an upload. If a report of this job exists, keeps that
 * report, because the running workflow may have written it.
 */
export const reportQueuedUpload = async (services: Objects, archive: ArchiveLocation, jobId: string): Promise<void> => {
  const existing = await readReport(services, archive)
  if (existing?.['job_id'] !== jobId) await writeUploadReport(services, archive, { job_id: jobId, status: 'queued' })
}

/**
 * Writes a report with the error because of which an upload was not restored. `job` is absent if no job was created.
 */
export const reportFailedUpload = (
  services: Objects,
  archive: ArchiveLocation,
  error: unknown,
  job?: { readonly job_id: string; readonly status: 'failed' | 'cancelled' },
): Promise<void> =>
  writeUploadReport(services, archive, { status: 'failed', ...job, passed: false, error: problemOf(error) })

/**
 * Writes the report of a failed job. If the verification failed, the job has already written a report, and the error is
 * added to that report.
 */
export const reportFailedJob = async (
  services: Objects,
  archive: ArchiveLocation,
  jobId: string,
  problem: Problem,
): Promise<void> => {
  const written = problem.type === 'verification-failed' ? await readReport(services, archive) : undefined
  const own = written?.['job_id'] === jobId ? written : {}
  await writeUploadReport(services, archive, { ...own, job_id: jobId, status: 'failed', passed: false, error: problem })
}

/**
 * Returns true if a final report about this version of the upload exists. A report with another ETag belongs to an
 * earlier upload to the same key. A report without an ETag is accepted, because earlier releases wrote no ETag.
 */
export const hasReport = async (services: Objects, upload: PinnedObject): Promise<boolean> => {
  const report = await readReport(services, upload)
  if (report === undefined) return false
  const reported = ReportedState.safeParse(report)
  if (!reported.success) return true
  const { status, archive } = reported.data
  if (status === 'queued' || status === 'running') return false
  return archive === undefined || archive.etag === upload.etag
}

const readReport = async (
  { objects }: Objects,
  { bucket, key }: Pick<ArchiveLocation, 'bucket' | 'key'>,
): Promise<Readonly<Record<string, unknown>> | undefined> => {
  const report = await objects.getJson(bucket, reportKey(key))
  return report === undefined ? undefined : AnyReport.parse(report)
}
