import * as z from 'zod'
import { JOB_STATUSES, type RestoreJob } from '../../shared/jobs/job.ts'
import { IdsWithoutResource, ListedBlobs } from '../../shared/jobs/job-lists.ts'
import { DryRunResult, type RestoreResult, TargetOnly, VerifiedResult } from '../../shared/jobs/restore-result.ts'
import type { SignedUrls } from '../../shared/objects/aws/signed-urls.ts'
import { CheckResult, Finding } from '../../shared/restore/messages/finding.ts'
import { DifferencesView } from './differences-view.ts'
import { idsView } from './ids-view.ts'
import { LeftOutView, leftOutView } from './left-out-view.ts'
import { MissingBlobsView, withHint } from './missing-blobs-view.ts'

const IDS = IdsWithoutResource.unwrap().shape
const DRY_RUN = DryRunResult.unwrap().shape.dry_run.unwrap().shape
const VERIFIED = VerifiedResult.unwrap().shape

const MEMBERS = {
  job_id: z.string(),
  status: z
    .enum(JOB_STATUSES)
    .describe('`partial` if blobs are missing or resources were left out. A failed verification also has a result'),
}
const LISTS = {
  differences: z
    .exactOptional(DifferencesView)
    .describe('The resources that differ between the archive and the store. Only in a dry run and a failed restore'),
  missing_blobs: z.exactOptional(MissingBlobsView).describe('Absent if no blob is missing'),
  blob_conflicts: z
    .exactOptional(ListedBlobs)
    .describe('The blobs that exist with other bytes and were not overwritten. Absent if there are none'),
  left_out: z.exactOptional(LeftOutView).describe('The resources that the export or the restore left out'),
  not_found: IDS.not_found.describe('The ids in the filter `ids` that the archive does not contain'),
  excluded: IDS.excluded.describe('The ids in the filter `ids` that another filter excludes'),
}

const TARGET_ONLY = {
  target_only: TargetOnly.shape.target_only.describe(
    'By model, the resources in the scope of the restore that the archive does not contain. Absent if there are none',
  ),
  target_only_unknown: TargetOnly.shape.target_only_unknown.describe('The models whose resources could not be counted'),
}

/** The checks of a verification in a response. The report lists more findings of each check. */
const VerificationView = z
  .object({
    ...VERIFIED.verification.unwrap().shape,
    checks: z.record(z.string(), CheckResult).readonly().describe('The first 10 findings of each check'),
  })
  .readonly()

/** The result of a dry run, as the API returns it. */
export const DryRunView = z
  .object({
    ...MEMBERS,
    dry_run: z.literal(true),
    models: DRY_RUN.models.describe('The numbers of resources that a restore would change, by model'),
    blobs: DRY_RUN.blobs,
    findings: z.array(Finding).readonly().describe('The first 100 findings'),
    ...LISTS,
  })
  .readonly()
  .meta({ id: 'DryRunResult' })

/** The result of a restore, as the API returns it. */
export const RestoreView = z
  .object({
    ...MEMBERS,
    models: VERIFIED.models.describe('The numbers of resources, by model'),
    verification: VerificationView,
    ...TARGET_ONLY,
    ...LISTS,
  })
  .readonly()
  .meta({ id: 'RestoreResult' })

/**
 * The result of a request to `/{model}/import`, as the API returns it: the counts of its model are at the top level.
 */
export const ModelRestoreView = z
  .object({
    ...MEMBERS,
    ...VERIFIED.models.unwrap().valueType.unwrap().shape,
    verification: VerificationView,
    ...TARGET_ONLY,
    ...LISTS,
  })
  .readonly()
  .meta({ id: 'ModelRestoreResult' })

/** All results of restores. */
export const AnyRestoreView = z.union([RestoreView, ModelRestoreView, DryRunView])
export type AnyRestoreView = z.output<typeof AnyRestoreView>

const Findings = z.array(Finding).readonly()
const Checks = z.record(z.string(), CheckResult).readonly()

/** Returns the result of a restore, or `undefined` if it has none. */
export const restoreView = async (
  services: { readonly urls: SignedUrls },
  job: RestoreJob,
): Promise<AnyRestoreView | undefined> => {
  const { result } = job
  if (result === undefined) return undefined
  const head = { job_id: job.job_id, status: job.status }
  const lists = await listsOf(services, result)
  if (result.dry_run !== undefined) {
    const { findings, ...counts } = result.dry_run
    return { ...head, dry_run: true, ...counts, findings: Findings.parse(findings), ...lists }
  }
  const { models, verification, target_only, target_only_unknown } = result
  const { route_model } = job.request
  const counts = route_model === undefined ? undefined : models[route_model]
  const verified = {
    verification: { ...verification, checks: Checks.parse(verification.checks) },
    ...(target_only === undefined ? {} : { target_only }),
    ...(target_only_unknown === undefined ? {} : { target_only_unknown }),
    ...lists,
  }
  return counts === undefined ? { ...head, models, ...verified } : { ...head, ...counts, ...verified }
}

const listsOf = async (services: { readonly urls: SignedUrls }, result: RestoreResult) => ({
  ...(result.missing_blobs === undefined ? {} : { missing_blobs: withHint(result.missing_blobs) }),
  ...(result.blob_conflicts === undefined ? {} : { blob_conflicts: result.blob_conflicts }),
  ...(await leftOutView(services, result)),
  ...idsView(result),
})
