import * as z from 'zod'
import { ExportedArchive, ExportResult } from '../../shared/jobs/export-result.ts'
import type { ExportJob } from '../../shared/jobs/job.ts'
import type { SignedUrls } from '../../shared/objects/aws/signed-urls.ts'
import { CopyView } from './copy-view.ts'
import { idsView } from './ids-view.ts'
import { LeftOutView, leftOutView } from './left-out-view.ts'
import { MissingBlobsView, withHint } from './missing-blobs-view.ts'
import { RESULT_STATUSES, resultStatus } from './result-status.ts'

const RESULT = ExportResult.unwrap().shape
const ARCHIVE = ExportedArchive.unwrap().shape

/** The result of an export, as the API returns it. */
export const ExportView = z
  .object({
    job_id: z.string(),
    status: z.enum(RESULT_STATUSES).describe('`partial` if blobs or resources are missing in the archive'),
    url: z.string().describe('A signed URL of the archive'),
    expires_at: z.string().describe('The time at which the URL expires'),
    archive: z
      .object({
        bucket: ARCHIVE.bucket,
        key: ARCHIVE.key,
        version_id: ARCHIVE.version_id.describe('Absent if the bucket has no versioning'),
        size: ARCHIVE.size.describe('In bytes'),
        manifest_sha256: ARCHIVE.manifest_sha256.describe('Absent for a stream of SpecStar, which has no manifest'),
      })
      .readonly(),
    models: RESULT.models.describe('The numbers of resources, revisions and blobs in the archive, by model'),
    complete: RESULT.complete.describe('False if blobs are missing or resources were left out'),
    missing_blobs: MissingBlobsView,
    left_out: z.exactOptional(LeftOutView).describe('The resources that the archive does not contain'),
    omitted: RESULT.omitted.describe(
      'The resources and blobs that a stream of SpecStar contains without some of their attributes',
    ),
    unaccounted: RESULT.unaccounted.describe('Items of the resource table that belong to no resource'),
    not_found: RESULT.not_found.describe('The ids in the filter `ids` for which no resource exists'),
    excluded: RESULT.excluded.describe('The ids in the filter `ids` that another filter excludes'),
    copy: z
      .exactOptional(CopyView)
      .describe('The copy of a scheduled archive in another bucket. Only in the response for one job'),
    suspicious: RESULT.suspicious.describe('Present only if the archive of a schedule was judged as suspicious'),
  })
  .readonly()
  .meta({ id: 'ExportResult' })
export type ExportView = z.output<typeof ExportView>

/** Returns the result of an export, or `undefined` if it has none. The URL is signed again in each call. */
export const exportView = async (
  services: { readonly urls: SignedUrls },
  job: ExportJob,
): Promise<ExportView | undefined> => {
  const { result } = job
  if (result === undefined) return undefined
  const { bucket, key, size, manifest_sha256, version_id } = result.archive
  const { url, expires_at } = await signArchive(services, job)
  return {
    job_id: job.job_id,
    status: resultStatus(job),
    url,
    expires_at,
    archive: {
      bucket,
      key,
      ...(version_id === undefined ? {} : { version_id }),
      size,
      ...(manifest_sha256 === undefined ? {} : { manifest_sha256 }),
    },
    models: result.models,
    complete: result.complete,
    missing_blobs: withHint(result.missing_blobs),
    ...(await leftOutView(services, result)),
    ...(result.omitted === undefined ? {} : { omitted: result.omitted }),
    ...(result.unaccounted === undefined ? {} : { unaccounted: result.unaccounted }),
    ...idsView(result),
    ...(result.suspicious === undefined ? {} : { suspicious: result.suspicious }),
  }
}

/** Returns a signed URL for downloading the archive of an export. Throws if the job has no result. */
export const signArchive = async (
  { urls }: { readonly urls: SignedUrls },
  { job_id, result, request }: ExportJob,
): Promise<{ readonly url: string; readonly expires_at: string }> => {
  if (result === undefined) throw new Error(`job ${job_id} has no archive to sign`)
  const { url, expires_at } = await urls.download(result.archive, `${request.route_model ?? 'backup'}.acbak`)
  return { url, expires_at: expires_at.toISOString() }
}
