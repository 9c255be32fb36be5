import type { BucketDigest } from '../../archive/digest.ts'
import { BucketDigests, encodeBuckets } from '../../archive/digest.ts'
import { allResults, type Attempt, type PassResult, runPass, untyped } from '../../jobs/pass.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { Services } from '../../runtime/services.ts'
import { blobListOf, lateConflicts } from '../apply/apply-blobs.ts'
import type { RestoredBlob } from '../preflight/blob-list.ts'
import { Findings } from './findings.ts'
import { applyPlan } from '../apply/plan-apply-records.ts'
import type { ExtentCursor } from '../extents.ts'
import type { ApplyRecordsResult } from '../apply/apply-records.ts'
import { verifyBlobs } from './verify-blobs.ts'
import { verifyExtent } from './verify-extent.ts'
import { workKey } from '../work-keys.ts'

export interface VerifyResult extends PassResult {
  readonly model?: string
  readonly changed_since: number
  /** What each check found, as JSON. */
  readonly checks: PinnedObject
  /** Digests of the buckets as the store gives them back (extents only). */
  readonly digests?: PinnedObject
  readonly first_bucket?: string
}

/** One pass of reading back: an extent of resources, or a list of blobs. */
export const verify = (input: PassInput, services: Services): Promise<PassOutput> =>
  runPass(untyped<VerifyResult>('verify'), input, services, (attempt) => verifyPass(attempt, services))

const verifyPass = async (attempt: Attempt, services: Services): Promise<VerifyResult> => {
  const { job_id, n } = attempt
  const { objects, config } = services
  const extents = await applyPlan(services, job_id)
  const findings = new Findings()
  const extent = extents[n]
  const keep = (): Promise<PinnedObject> =>
    objects.putJson(config.buckets.work, workKey.findings(job_id, 'verify', n, attempt.attempt), findings.results())
  if (extent === undefined) {
    const list = await provableBlobs(services, job_id, n - extents.length)
    const next = await verifyBlobs(services, list, Number(attempt.cursor ?? 0), attempt.timeIsUp, findings)
    return {
      done: next === undefined,
      ...(next === undefined ? {} : { cursor: `${next}` }),
      changed_since: 0,
      checks: await keep(),
    }
  }
  const start = attempt.cursor === undefined ? undefined : (JSON.parse(attempt.cursor) as ExtentCursor)
  const digests = new BucketDigests()
  const { cursor, changedSince } = await verifyExtent(attempt, services, extent, start, findings, digests)
  const buckets: BucketDigest[] = digests.end()
  return {
    done: cursor === undefined,
    ...(cursor === undefined ? {} : { cursor: JSON.stringify(cursor) }),
    model: extent.model,
    changed_since: changedSince,
    checks: await keep(),
    digests: await objects.put(
      config.buckets.work,
      workKey.digests(job_id, n, attempt.attempt, 9),
      encodeBuckets(buckets),
    ),
    ...(buckets[0] === undefined ? {} : { first_bucket: buckets[0].bucket }),
  }
}

/** What must stand in the store of the n-th list. Under `skip` the target's own bytes stay: a conflict, no damage. */
const provableBlobs = async (services: Services, jobId: string, n: number): Promise<RestoredBlob[]> => {
  const late = new Set(await lateConflicts(services, jobId, n))
  return (await blobListOf(services, jobId, n)).filter(
    ({ kind, id, action }) => action !== 'conflict' && !(kind === 'blob' && late.has(id)),
  )
}

/** The ids of one extent that were skipped because someone else created them after preflight. */
export const idsSkippedAfterConflict = async (
  services: Services,
  jobId: string,
  n: number,
): Promise<ReadonlySet<string>> => {
  const ids = new Set<string>()
  for await (const { result } of services.jobs.results(jobId, untyped<ApplyRecordsResult>('apply-records'), n)) {
    const { skippedAfterConflict } = result
    if (skippedAfterConflict === undefined) continue
    const bytes = await services.objects.readBytes(skippedAfterConflict, 0, skippedAfterConflict.size)
    for (const id of JSON.parse(bytes.toString()) as string[]) ids.add(id)
  }
  return ids
}

export const verifyResults = (services: Services, jobId: string): Promise<VerifyResult[]> =>
  allResults(services, jobId, untyped<VerifyResult>('verify'))
