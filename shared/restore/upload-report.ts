import { z } from 'zod'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { type Problem, problemOf } from '../problems/problem.ts'

/** An uploaded archive. The outcome of its restore is written to `{key}.report.json` in the same bucket. */
interface Upload {
  readonly bucket: string
  readonly key: string
}

interface Objects {
  readonly objects: ObjectStore
}

const reportKey = ({ key }: Upload): string => `${key}.report.json`

/**
 * Accepts any JSON, because another program may have written the object. Reads a value that is not an object as `{}`.
 */
const AnyReport = z.looseObject({}).catch({})
const ReportedArchive = z.object({ archive: z.object({ etag: z.string() }) })

export const writeUploadReport = async ({ objects }: Objects, upload: Upload, report: object): Promise<void> => {
  await objects.putJson(upload.bucket, reportKey(upload), report)
}

/** Reports that an upload could not be restored. `jobId` is absent if no job was created. */
export const reportFailedUpload = (stores: Objects, upload: Upload, error: unknown, jobId?: string): Promise<void> =>
  writeUploadReport(stores, upload, {
    ...(jobId === undefined ? {} : { job_id: jobId }),
    passed: false,
    error: problemOf(error),
  })

/**
 * Writes the report of a failed job. If the verification failed, the job has already written a report, and the error is
 * added to it.
 */
export const reportFailedJob = async (
  stores: Objects,
  upload: Upload,
  jobId: string,
  problem: Problem,
): Promise<void> => {
  const written = problem.type === 'verification-failed' ? await readReport(stores, upload) : undefined
  await writeUploadReport(stores, upload, { job_id: jobId, ...written, passed: false, error: problem })
}

/**
 * Returns true if a report about this state of the upload exists. A report with another ETag belongs to an earlier
 * upload to the same key. A report without an ETag counts as a report about this state.
 */
export const hasReport = async (stores: Objects, upload: PinnedObject): Promise<boolean> => {
  const report = await readReport(stores, upload)
  if (report === undefined) return false
  const reported = ReportedArchive.safeParse(report)
  return !reported.success || reported.data.archive.etag === upload.etag
}

const readReport = async (
  { objects }: Objects,
  upload: Upload,
): Promise<Readonly<Record<string, unknown>> | undefined> => {
  const report = await objects.getJson(upload.bucket, reportKey(upload))
  return report === undefined ? undefined : AnyReport.parse(report)
}
