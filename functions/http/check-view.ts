import * as z from 'zod'
import { CheckJobResult } from '../../shared/jobs/check-result.ts'
import { ExportCounts } from '../../shared/jobs/export-result.ts'
import type { CheckJob } from '../../shared/jobs/job.ts'
import { ListedResources } from '../../shared/jobs/job-lists.ts'
import { CheckResult } from '../../shared/restore/messages/finding.ts'
import { MissingBlobsView, withHint } from './missing-blobs-view.ts'
import { RESULT_STATUSES, resultStatus } from './result-status.ts'

const Checks = z.record(z.string(), CheckResult).readonly()

/** The result of a check, as the API returns it. */
export const CheckAnswer = z
  .object({
    job_id: z.string(),
    status: z
      .enum(RESULT_STATUSES)
      .describe('`partial` if the archive is intact, but its export left out resources or blobs'),
    models: z
      .record(z.string(), ExportCounts)
      .readonly()
      .describe('The numbers of resources, revisions and blobs that were read, by model'),
    bytes: z.int().describe('The size of the archive. Every byte of it was read'),
    verification: z
      .object({
        ...CheckJobResult.unwrap().shape.verification.unwrap().shape,
        checks: Checks.describe('The first 10 findings of each check'),
      })
      .readonly(),
    missing_blobs: MissingBlobsView.describe(
      'The blobs that the archive does not contain, although its resources refer to them',
    ),
    left_out: z.exactOptional(ListedResources).describe('Absent if the export left out no resource'),
  })
  .readonly()
  .meta({ id: 'CheckResult' })
export type CheckAnswer = z.output<typeof CheckAnswer>

/** Returns the result of a check. Returns `undefined` if the check has no result. */
export const checkView = (job: CheckJob): CheckAnswer | undefined => {
  const { job_id, result } = job
  if (result === undefined) return undefined
  const { models, bytes, verification, missing_blobs, left_out } = result
  return {
    job_id,
    status: resultStatus(job),
    models,
    bytes,
    verification: { passed: verification.passed, checks: Checks.parse(verification.checks) },
    missing_blobs: withHint(missing_blobs),
    ...(left_out === undefined ? {} : { left_out }),
  }
}
