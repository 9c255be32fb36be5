import * as z from 'zod'
import { CheckJobResult } from '../../shared/jobs/check-result.ts'
import { ExportCounts } from '../../shared/jobs/export-result.ts'
import { type CheckJob, JOB_STATUSES } from '../../shared/jobs/job.ts'
import { ListedBlobs, ListedResources } from '../../shared/jobs/job-lists.ts'
import { withHint } from './missing-blobs-view.ts'

/** The result of a check, as the API returns it. */
export const CheckAnswer = z
  .object({
    job_id: z.string(),
    /** `partial` if the archive is intact, but its export left out resources or blobs. */
    status: z.enum(JOB_STATUSES).extract(['succeeded', 'partial']),
    /** The numbers of resources, revisions and blobs that were read, by model. */
    models: z.record(z.string(), ExportCounts).readonly(),
    /** The size of the archive. Every byte of it was read. */
    bytes: z.int(),
    /** The checks, each with the number of things that it has checked and its first findings. */
    verification: CheckJobResult.unwrap().shape.verification,
    /** The blobs that the archive does not contain, although its resources refer to them. */
    missing_blobs: z.object({ ...ListedBlobs.unwrap().shape, hint: z.exactOptional(z.string()) }).readonly(),
    /** The resources that the export left out. Absent if no resource was left out. */
    left_out: z.exactOptional(ListedResources),
  })
  .readonly()
type CheckAnswer = z.output<typeof CheckAnswer>

/** Returns the result of a check. Returns `undefined` if the check has no result. */
export const checkView = ({ job_id, status, result }: CheckJob): CheckAnswer | undefined => {
  if (result === undefined) return undefined
  const { models, bytes, verification, missing_blobs, left_out } = result
  return {
    job_id,
    // A check has a result only if it ended with one of these statuses.
    status: status === 'partial' ? 'partial' : 'succeeded',
    models,
    bytes,
    verification,
    missing_blobs: withHint(missing_blobs),
    ...(left_out === undefined ? {} : { left_out }),
  }
}
