import type { CheckJobResult } from '../../jobs/check-result.ts'
import { endJob, type EndJobServices, publishJobEnded } from '../../jobs/end-job.ts'
import type { CheckJob } from '../../jobs/job.ts'
import { listedBlobs, listedReferrers } from '../../jobs/listed-blobs.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import type { OpenRestoreServices } from '../open-restore.ts'
import { listedLeftOut } from '../results/left-out.ts'
import { checksInJob } from './checks-in-job.ts'
import { type CheckReport, makeCheckReport } from './make-check-report.ts'
import { recordCheck, type RecordCheckServices } from './record-check.ts'

interface EndCheckServices extends OpenRestoreServices, EndJobServices {
  readonly catalogue: RecordCheckServices['catalogue']
  readonly config: { readonly deployment: string; readonly buckets: { readonly archives: string } }
}

/**
 * Writes the report of a check to the archive bucket, ends the job, and stores its result in the catalogue. If the
 * export left out resources or blobs, the status of the job is `partial`.
 */
export const endCheck = async (services: EndCheckServices, job: CheckJob, plan: RestorePlan): Promise<void> => {
  const { job_id } = job
  const document = await makeCheckReport(services, job, plan)
  const report = await services.objects.putJson(services.config.buckets.archives, `reports/${job_id}.json`, document)
  const isPartial = document.missing_blobs.length > 0 || document.left_out !== undefined
  const status = isPartial ? 'partial' : 'succeeded'
  await endJob(services, job_id, { status, result: resultOf(document, report), phase: 'report' }, ['running'])
  await recordCheck(services, job)
  await publishJobEnded(services, job_id)
}

const resultOf = (
  { models, bytes, passed, checks, missing_blobs, missing_blobs_referred_by = [], left_out }: CheckReport,
  { bucket, key }: { readonly bucket: string; readonly key: string },
): CheckJobResult => ({
  models,
  bytes,
  verification: { passed, checks: checksInJob({ ...checks }) },
  missing_blobs: { ...listedBlobs(missing_blobs), ...listedReferrers(missing_blobs_referred_by) },
  ...listedLeftOut(left_out),
  report: { bucket, key },
})
