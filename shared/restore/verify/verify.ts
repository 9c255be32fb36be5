import { encodeBuckets } from '../../archive/digest.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import { continueAt, readCursor } from '../../jobs/cursor.ts'
import type { Limits } from '../../jobs/limits.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import type { Attempt } from '../../jobs/pass.ts'
import { CHECK_RESULTS } from '../checks/checks.ts'
import { Findings } from '../checks/findings.ts'
import { APPLY_PLAN, ExtentCursor } from '../messages/apply.ts'
import type { Extent } from '../messages/preflight.ts'
import { VERIFY, VerifyBlobsCursor, type VerifyResult } from '../messages/verify.ts'
import { DifferenceLists } from '../results/difference-lists.ts'
import { workName } from '../messages/work-names.ts'
import { type LeasedPassServices, runLeasedPass } from '../run-leased-pass.ts'
import { whileStoring } from '../../throttling/call-context.ts'
import { verifyBlobs } from './verify-blobs.ts'
import { verifyExtent, type VerifyExtentServices } from './verify-extent.ts'

interface VerifyServices extends VerifyExtentServices, LeasedPassServices {
  readonly blobs: BlobStore
  readonly limits: Limits
}

/**
 * Runs one pass of `verify`. Checks an extent of resources or a list of blobs. If AWS throttles a pass until its time
 * is used up, it hands over the blobs or the digest buckets that it has checked.
 */
export const verify = (input: PassInput, services: VerifyServices): Promise<PassOutput> =>
  runLeasedPass(VERIFY, input, services, async (attempt) => {
    const extents = await services.workFiles.read(APPLY_PLAN, attempt.job_id)
    const extent = extents[attempt.n]
    return extent === undefined
      ? verifyBlobsPass(attempt, services, attempt.n - extents.length)
      : verifyExtentPass(attempt, services, extent)
  })

const verifyBlobsPass = async (
  attempt: Attempt,
  services: VerifyServices,
  listIndex: number,
): Promise<VerifyResult> => {
  const { job_id, n, attempt: name, timeIsUp, mustHandOver } = attempt
  const findings = new Findings()
  const start = readCursor(VerifyBlobsCursor, attempt) ?? { next: 0 }
  const { next, blobs } = await verifyBlobs(
    services,
    { jobId: job_id, listIndex, start, timeIsUp, mustHandOver },
    findings,
  )
  const checks = await whileStoring(() => services.workFiles.write(CHECK_RESULTS, findings.results(), job_id, n, name))
  return { ...continueAt(next), changed_since: 0, blobs, checks }
}

const verifyExtentPass = async (attempt: Attempt, services: VerifyServices, extent: Extent): Promise<VerifyResult> => {
  const { job_id, n, attempt: name } = attempt
  const { workFiles } = services
  const findings = new Findings()
  const start = readCursor(ExtentCursor, attempt)
  const differences = new DifferenceLists(workFiles, VERIFY.name, attempt)
  const found = { findings, differences }
  const { cursor, resources, changedSince, buckets } = await verifyExtent(attempt, services, extent, start, found)
  return whileStoring(async () => ({
    ...continueAt(cursor),
    model: extent.model,
    resources,
    changed_since: changedSince,
    ...(await differences.finish()),
    checks: await workFiles.write(CHECK_RESULTS, findings.results(), job_id, n, name),
    digests: await workFiles.writeBytes(encodeBuckets(buckets), job_id, workName.storedDigests(n, name)),
    ...(buckets[0] === undefined ? {} : { first_bucket: buckets[0].bucket }),
  }))
}
