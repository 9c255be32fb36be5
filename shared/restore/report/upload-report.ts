import { problemOf } from '../../problems/problem.ts'
import type { Services } from '../../runtime/services.ts'

/** Where the outcome of an upload is told: beside it. */
export const uploadReportKey = (key: string): string => `${key}.report.json`

/** Tells beside an upload why nothing came of it. */
export const reportFailedUpload = async (
  { objects }: Pick<Services, 'objects'>,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  error: unknown,
  jobId?: string,
): Promise<void> => {
  const about = jobId === undefined ? {} : { job_id: jobId }
  await objects.putJson(bucket, uploadReportKey(key), { ...about, passed: false, error: problemOf(error) })
}
