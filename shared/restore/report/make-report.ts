import { pMapIterable } from 'p-map'
import * as z from 'zod'
import { modelDigest } from '../../archive/digest.ts'
import { MISSING_BLOBS_HINT } from '../../blobs/errors.ts'
import { MissingBlob } from '../../blobs/referrer.ts'
import { readBuckets } from '../../compose/read-buckets.ts'
import { readMissingBlobs } from '../../compose/missing-blobs.ts'
import type { RestoreJob } from '../../jobs/job.ts'
import { IdsWithoutResource } from '../../jobs/job-lists.ts'
import { STRATEGIES } from '../../jobs/job-request.ts'
import { allResults } from '../../jobs/pass.ts'
import { TargetOnly } from '../../jobs/restore-result.ts'
import type { ListStores } from '../../jobs/unrestorable-list.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import type { VerifiedModel, VerifiedRestore } from '../checks/check.ts'
import { CHECK_RESULTS, CHECKS, CheckResults } from '../checks/checks.ts'
import { Findings } from '../checks/findings.ts'
import { APPLY_RECORDS } from '../messages/apply.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import { PREFLIGHT_BLOBS } from '../messages/preflight-blobs.ts'
import { VERIFY, type VerifyResult } from '../messages/verify.ts'
import { openPlannedArchive, type OpenRestoreServices } from '../open-restore.ts'
import { blobConflicts, lateBlobConflicts } from '../results/conflicts.ts'
import { allExtents } from '../results/extents.ts'
import { idsNotRestored } from '../results/preflight-details.ts'
import { ReportedLeftOut, reportLeftOut } from '../results/left-out.ts'
import { targetOnlyCounts } from '../results/target-only-counts.ts'
import { ReportedArchive } from './reported-archive.ts'

const IDS = IdsWithoutResource.unwrap().shape

const ReportedModel = z
  .object({
    loaded: z.int(),
    skipped: z.int(),
    total: z.int(),
    changed_since: z.int().describe('The number of resources that another writer changed after the restore'),
  })
  .readonly()
type ReportedModel = z.output<typeof ReportedModel>

/** The report of a restore, as it is stored and returned to clients. */
export const Report = z
  .object({
    job_id: z.string(),
    passed: z.boolean(),
    proved: z.boolean().describe('True if the verification passed and checked at least one resource or blob'),
    started_at: z.string(),
    ended_at: z.string(),
    archive: ReportedArchive,
    strategy: z.enum(STRATEGIES),
    models: z.record(z.string(), ReportedModel).readonly(),
    checks: CheckResults,
    missing_blobs: z.array(z.string()).readonly(),
    missing_blobs_referred_by: z
      .exactOptional(z.array(MissingBlob).readonly())
      .describe('The first 1,000 missing blobs, each with the first 3 resources that refer to it'),
    missing_blobs_hint: z.exactOptional(z.string()).describe('Absent if no blob is missing'),
    blob_conflicts: z.array(z.string()).readonly(),
    left_out: z.exactOptional(ReportedLeftOut).describe('Absent if nothing is left out'),
    ...TargetOnly.shape,
    not_found: IDS.not_found.describe('The ids in the filter `ids` that no restored model of the archive contains'),
    excluded: IDS.excluded.describe('The ids in the filter `ids` that another filter excludes'),
  })
  .readonly()
  .meta({ id: 'RestoreReport' })
export type Report = z.output<typeof Report>

/** The largest number of missing blobs for which the report lists the resources that refer to them. */
const MAX_REFERRED_BY = 1_000
/**
 * The number of results of `verify` that are read at the same time. One after the other, 30,000 results would take
 * longer than the time limit of the function.
 */
const PARALLEL_READS = 16

/**
 * Returns the report. Merges the findings of all passes of `verify`, and runs the checks that concern the whole
 * restore.
 */
export const makeReport = async (
  services: OpenRestoreServices & ListStores & { readonly clock: () => Date },
  job: RestoreJob,
  plan: RestorePlan,
): Promise<Report> => {
  const { workFiles, clock } = services
  const { job_id } = job
  const verified = await allResults(services, job_id, VERIFY)
  const models = await countModels(services, job_id, plan.models, verified)
  const findings = new Findings()
  const checkResults = pMapIterable(verified, ({ checks }) => workFiles.readPinned(CHECK_RESULTS, checks), {
    concurrency: PARALLEL_READS,
    backpressure: PARALLEL_READS,
  })
  for await (const results of checkResults) findings.merge(results)
  const restore = await verifiedRestore(services, job_id, plan, models, verified)
  for (const { name, checkRestore } of CHECKS) await checkRestore?.(restore, findings.of(name))
  const checks = findings.results()
  const passed = Object.values(checks).every((check) => check.passed)
  const blobs = await allResults(services, job_id, PREFLIGHT_BLOBS)
  const left_out = await reportLeftOut(services, { job, plan })
  const missing = await readMissingBlobs(services.workFiles, blobs)
  const referred_by = missing.filter(({ resources }) => resources.length > 0).slice(0, MAX_REFERRED_BY)
  return {
    job_id,
    passed,
    proved: passed && checks.content.checked + checks.blobs.checked > 0,
    started_at: job.started_at ?? job.created_at,
    ended_at: clock().toISOString(),
    archive: {
      ...(plan.converted?.source ?? plan.archive),
      format: plan.converted === undefined ? 'acbak' : 'specstar',
      manifest_sha256: plan.manifest_sha256,
      proven_manifest: plan.proven_manifest,
    },
    strategy: job.request.on_duplicate,
    models,
    checks,
    missing_blobs: missing.map(({ id }) => id),
    ...(referred_by.length === 0 ? {} : { missing_blobs_referred_by: referred_by }),
    ...(missing.length === 0 ? {} : { missing_blobs_hint: MISSING_BLOBS_HINT }),
    blob_conflicts: [...(await blobConflicts(services, blobs)), ...(await lateBlobConflicts(services, job_id))],
    ...(left_out === undefined ? {} : { left_out }),
    ...(await targetOnlyCounts(services, job, plan)),
    ...(await idsNotRestored(services, { job, plan })),
  }
}

const countModels = async (
  services: OpenRestoreServices,
  jobId: string,
  models: readonly string[],
  verified: readonly VerifyResult[],
): Promise<Report['models']> => {
  const applied = await allResults(services, jobId, APPLY_RECORDS)
  const counts = models.map((model): [string, ReportedModel] => {
    const loaded = sumOf(applied, model, (result) => result.loaded)
    const skipped = sumOf(applied, model, (result) => result.skipped)
    const changed_since = sumOf(verified, model, (result) => result.changed_since)
    return [model, { loaded, skipped, total: loaded + skipped, changed_since }]
  })
  return Object.fromEntries(counts)
}

/** Returns the sum of `count` over the results of a model. */
const sumOf = <T extends { readonly model?: string }>(
  results: readonly T[],
  model: string,
  count: (result: T) => number,
): number => results.reduce((total, result) => (result.model === model ? total + count(result) : total), 0)

/** Returns the data for the checks that concern the whole restore. */
const verifiedRestore = async (
  services: OpenRestoreServices,
  jobId: string,
  plan: RestorePlan,
  models: Report['models'],
  verified: readonly VerifyResult[],
): Promise<VerifiedRestore> => {
  const extents = await allExtents(services, jobId)
  const counts = Object.entries(models).map(([model, { loaded, skipped }]): [string, VerifiedModel] => [
    model,
    {
      selected: sumOf(extents, model, ({ resources }) => resources),
      loaded,
      skipped,
      left_out: sumOf(extents, model, ({ left_out }) => left_out?.resources ?? 0),
    },
  ])
  return {
    plan,
    manifest: async () => (await openPlannedArchive(services, plan)).manifest,
    models: Object.fromEntries(counts),
    storedDigest: (model) => storedDigest(services.objects, model, verified),
  }
}

/** Returns the digest of a model in the store, computed from the digest buckets of all passes of `verify`. */
const storedDigest = async (
  objects: ObjectStore,
  model: string,
  verified: readonly VerifyResult[],
): Promise<string> => {
  const own = verified
    .flatMap((result) =>
      result.model === model && result.first_bucket !== undefined
        ? [{ first: result.first_bucket, digests: result.digests }]
        : [],
    )
    .sort((a, b) => (a.first < b.first ? -1 : 1))
  const buckets = await readBuckets(
    objects,
    own.map(({ digests }) => digests),
  )
  return modelDigest(buckets)
}
