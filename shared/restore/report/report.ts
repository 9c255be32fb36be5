import { decodeBuckets, modelDigest } from '../../archive/digest.ts'
import { endJob, publishJobEnded } from '../../jobs/end-job.ts'
import type { RestoreJob, RestoreResult, Strategy } from '../../jobs/job.ts'
import { allResults, untyped } from '../../jobs/pass.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import { listedBlobs } from '../../jobs/listed-blobs.ts'
import type { StageInput } from '../../jobs/messages.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { Services } from '../../runtime/services.ts'
import { lateConflicts } from '../apply/apply-blobs.ts'
import type { ApplyRecordsResult } from '../apply/apply-records.ts'
import { readBlobList } from '../preflight/blob-list.ts'
import { VerificationFailedError } from '../errors.ts'
import { missingBlobs } from '../../compose/manifest-models.ts'
import { allExtents } from '../extents.ts'
import { type Check, type CheckResult, CHECKS, type Finding, Findings } from '../verify/findings.ts'
import { openPlanned, type RestorePlan, restorePlan } from '../inspect/restore-plan.ts'
import type { PreflightBlobsResult } from '../preflight/preflight-blobs.ts'
import { type PreflightResult, toldOf } from '../preflight/preflight.ts'
import { verifyResults } from '../verify/verify.ts'

/** The verification report, as it is kept and served. */
export interface Report {
  readonly job_id: string
  readonly passed: boolean
  readonly started_at: string
  readonly ended_at: string
  /** The job's own archive; of a stream, `manifest_sha256` is that of the archive that it was converted to. */
  readonly archive: PinnedObject & {
    readonly format: 'acbak' | 'specstar'
    readonly manifest_sha256: string
    readonly proven_manifest: boolean
  }
  readonly strategy: Strategy
  readonly models: Readonly<Record<string, { loaded: number; skipped: number; total: number; changed_since: number }>>
  readonly checks: Readonly<Record<Check, CheckResult>>
  readonly missing_blobs: readonly string[]
  readonly blob_conflicts: readonly string[]
}

/** An answer shows this many findings of each check; the report has them all (up to its own bound). */
const SHOWN_FINDINGS = 10
/** A dry run has no report: these stand in the job itself, an item of 400 KB at most. */
const DRY_RUN_FINDINGS = 100

/** Writes the report, ends the job and frees its leases. A verification that failed fails the job, with its report kept. */
export const report = async ({ job_id }: StageInput, services: Services): Promise<StageInput> => {
  const job = await restoreJob(services, job_id)
  const plan = await restorePlan(services, job_id)
  if (job.request.dry_run) {
    await end(services, job_id, 'succeeded', await dryRunResult(services, job_id))
    return { job_id }
  }
  const whole = await makeReport(services, job, plan)
  const kept = await writeReport(services, job, whole)
  const result: RestoreResult = {
    models: Object.fromEntries(
      Object.entries(whole.models).map(([model, { loaded, skipped, total }]) => [model, { loaded, skipped, total }]),
    ),
    verification: { passed: whole.passed, checks: shownChecks(whole.checks) },
    missing_blobs: listedBlobs(whole.missing_blobs),
    blob_conflicts: listedBlobs(whole.blob_conflicts),
    report: { bucket: kept.bucket, key: kept.key },
  }
  if (!whole.passed) {
    await services.jobs.change(job_id, { result }, { from: ['running'] })
    throw new VerificationFailedError(CHECKS.filter((check) => !whole.checks[check].passed))
  }
  await services.leases.held(plan.models, job_id).free()
  const partial = whole.missing_blobs.length + whole.blob_conflicts.length > 0
  await end(services, job_id, partial ? 'partial' : 'succeeded', result)
  return { job_id }
}

const end = async (
  services: Services,
  jobId: string,
  status: 'succeeded' | 'partial',
  result: RestoreResult,
): Promise<void> => {
  await endJob(services, jobId, { status, result, phase: 'report' }, ['running'])
  await publishJobEnded(services, jobId)
}

const makeReport = async (services: Services, job: RestoreJob, plan: RestorePlan): Promise<Report> => {
  const { job_id, request } = job
  const results = await verifyResults(services, job_id)
  const findings = new Findings()
  for (const { checks } of results) {
    const bytes = await services.objects.readBytes(checks, 0, checks.size)
    findings.merge(JSON.parse(bytes.toString()) as Record<Check, CheckResult>)
  }
  const applied = await allResults(services, job_id, untyped<ApplyRecordsResult>('apply-records'))
  const models = Object.fromEntries(
    plan.models.map((model) => {
      const own = applied.filter((result) => result.model === model)
      const loaded = own.reduce((sum, result) => sum + result.loaded, 0)
      const skipped = own.reduce((sum, result) => sum + result.skipped, 0)
      const changed_since = results
        .filter((result) => result.model === model)
        .reduce((sum, result) => sum + result.changed_since, 0)
      return [model, { loaded, skipped, total: loaded + skipped, changed_since }]
    }),
  )
  for (const told of plan.converted?.told ?? [])
    if (plan.models.includes(told.model)) findings.reportSeparately('content', told)
  await checkTotals(services, job_id, models, findings)
  if (plan.whole) await checkModelDigests(services, plan, models, results, findings)
  const checks = findings.results()
  const blobs = await allResults(services, job_id, untyped<PreflightBlobsResult>('preflight-blobs'))
  return {
    job_id,
    passed: CHECKS.every((check) => checks[check].passed),
    started_at: job.started_at ?? job.created_at,
    ended_at: services.clock().toISOString(),
    archive: {
      ...(plan.converted?.source ?? plan.archive),
      format: plan.converted === undefined ? 'acbak' : 'specstar',
      manifest_sha256: plan.manifest_sha256,
      proven_manifest: plan.proven_manifest,
    },
    strategy: request.on_duplicate,
    models,
    checks,
    missing_blobs: await missingBlobs(services.objects, blobs),
    blob_conflicts: await conflicts(services, job_id, blobs),
  }
}

/** Every resource that preflight took must be loaded or skipped: none is lost between the stages. */
const checkTotals = async (
  services: Services,
  jobId: string,
  models: Report['models'],
  findings: Findings,
): Promise<void> => {
  const extents = await allExtents(services, jobId)
  for (const [model, { total }] of Object.entries(models)) {
    const taken = extents.filter((extent) => extent.model === model).reduce((sum, { resources }) => sum + resources, 0)
    if (total !== taken)
      findings.fail('counts', {
        model,
        resource_id: '',
        what: 'resources handled',
        expected: `${taken}`,
        actual: `${total}`,
      })
  }
}

/** Where a model was restored whole and nothing was skipped, the store's own digest must be the manifest's. */
const checkModelDigests = async (
  services: Services,
  plan: RestorePlan,
  models: Report['models'],
  results: Awaited<ReturnType<typeof verifyResults>>,
  findings: Findings,
): Promise<void> => {
  const { manifest } = await openPlanned(services, plan)
  for (const model of plan.models) {
    if ((models[model]?.skipped ?? 0) > 0) continue
    const own = results
      .filter((result) => result.model === model && result.first_bucket !== undefined)
      .sort((a, b) => ((a.first_bucket ?? '') < (b.first_bucket ?? '') ? -1 : 1))
    const buckets = []
    for (const { digests } of own) {
      if (digests !== undefined)
        buckets.push(...decodeBuckets(await services.objects.readBytes(digests, 0, digests.size)))
    }
    const expected = manifest.models[model]?.digest ?? ''
    const actual = modelDigest(buckets)
    if (actual !== expected)
      findings.fail('content', { model, resource_id: '', what: 'digest of the model', expected, actual })
  }
}

const conflicts = async (
  services: Services,
  jobId: string,
  results: readonly PreflightBlobsResult[],
): Promise<string[]> => {
  const ids: string[] = []
  for (const { list, actions } of results) {
    if (actions.conflict === 0) continue
    for (const { id, action } of await readBlobList(services, list)) if (action === 'conflict') ids.push(id)
  }
  return [...ids, ...(await lateConflicts(services, jobId))]
}

/** Keeps the report with the archives, and beside the upload where the restore began with one. */
const writeReport = async (services: Services, job: RestoreJob, whole: Report): Promise<PinnedObject> => {
  const { objects, config } = services
  const beside = job.request.report_beside
  if (beside !== undefined) await objects.putJson(beside.bucket, `${beside.key}.report.json`, whole)
  return objects.putJson(config.buckets.archives, `reports/${job.job_id}.json`, whole)
}

const shownChecks = (checks: Report['checks']): Record<string, CheckResult> =>
  Object.fromEntries(
    CHECKS.map((check) => [check, { ...checks[check], findings: checks[check].findings.slice(0, SHOWN_FINDINGS) }]),
  )

const dryRunResult = async (services: Services, jobId: string): Promise<RestoreResult> => {
  const plan = await restorePlan(services, jobId)
  const preflight = await allResults(services, jobId, untyped<PreflightResult>('preflight'))
  const extents = preflight.flatMap((result) => result.extents)
  const blobs = await allResults(services, jobId, untyped<PreflightBlobsResult>('preflight-blobs'))
  const findings: Finding[] = await toldOf(services, preflight, 'findings', DRY_RUN_FINDINGS)
  for (const { different_blobs } of blobs)
    for (const { id, models } of different_blobs)
      findings.push({
        model: models.join(', '),
        resource_id: '',
        what: `blob ${id} has other bytes`,
        expected: 'as in the archive',
        actual: 'other',
      })
  const count = (action: keyof PreflightBlobsResult['actions']): number =>
    blobs.reduce((total, { actions }) => total + actions[action], 0)
  return {
    models: {},
    dry_run: {
      models: Object.fromEntries(
        plan.models.map((model) => {
          const own = extents.filter((extent) => extent.model === model)
          const sum = (of: 'new' | 'changed' | 'same' | 'target_only'): number =>
            own.reduce((total, { dry_run }) => total + (dry_run?.[of] ?? 0), 0)
          return [
            model,
            { new: sum('new'), changed: sum('changed'), same: sum('same'), target_only: sum('target_only') },
          ]
        }),
      ),
      blobs: { new: count('new'), changed: count('changed') + count('conflict'), same: count('same') },
      findings: findings.slice(0, DRY_RUN_FINDINGS),
    },
  }
}
