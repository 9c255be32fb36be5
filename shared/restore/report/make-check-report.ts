import * as z from 'zod'
import { MISSING_BLOBS_HINT } from '../../blobs/errors.ts'
import { MissingBlob } from '../../blobs/referrer.ts'
import { readMissingBlobs } from '../../compose/missing-blobs.ts'
import type { CheckJob } from '../../jobs/job.ts'
import { ExportCounts } from '../../jobs/export-result.ts'
import { allResults } from '../../jobs/pass.ts'
import type { ListStores } from '../../jobs/unrestorable-list.ts'
import { countOf } from '../../values/model-counts.ts'
import { MAX_FINDINGS } from '../checks/findings.ts'
import { CheckResult, type Finding } from '../messages/finding.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import type { Extent } from '../messages/preflight.ts'
import { PREFLIGHT_BLOBS, type PreflightBlobsResult } from '../messages/preflight-blobs.ts'
import type { OpenRestoreServices } from '../open-restore.ts'
import { allExtents } from '../results/extents.ts'
import { ReportedLeftOut, reportLeftOut } from '../results/left-out.ts'
import { ReportedArchive } from './reported-archive.ts'

/**
 * The checks of an archive. Their names are those of the checks of a restore that have the same subject, but each
 * compares the archive with itself, and not with a store.
 */
const ArchiveChecks = z
  .object({
    counts: CheckResult.describe('The numbers of resources, revisions and blobs, in the manifest and in the indexes'),
    content: CheckResult.describe('The checksums of all chunks and spilled payloads, and the digests of all models'),
    revisions: CheckResult.describe('Every revision has a resource, and every resource has its current revision'),
    blobs: CheckResult.describe('The checksum of every blob, and the order of the blobs'),
    blob_references: CheckResult.describe(
      'The archive contains each blob to which a model refers, or its manifest declares the blob as missing',
    ),
  })
  .readonly()
type ArchiveChecks = z.output<typeof ArchiveChecks>

/** The report of a check, as it is stored and returned to clients. */
export const CheckReport = z
  .object({
    job_id: z.string(),
    passed: z
      .literal(true)
      .describe('Always true, because a check of a damaged archive fails before it writes its report'),
    started_at: z.string(),
    ended_at: z.string(),
    archive: ReportedArchive,
    bytes: z.int().describe('The size of the archive'),
    models: z.record(z.string(), ExportCounts).readonly(),
    checks: ArchiveChecks,
    missing_blobs: z.array(z.string()).readonly(),
    missing_blobs_referred_by: z
      .exactOptional(z.array(MissingBlob).readonly())
      .describe('The first 1,000 missing blobs, each with the first 3 resources that refer to it'),
    missing_blobs_hint: z.exactOptional(z.string()).describe('Absent if no blob is missing'),
    left_out: z.exactOptional(ReportedLeftOut).describe('Absent if the export left out no resource'),
  })
  .readonly()
  .meta({ id: 'CheckReport' })
export type CheckReport = z.output<typeof CheckReport>

/** Returns the report of a check whose stages have all succeeded. */
export const makeCheckReport = async (
  services: OpenRestoreServices & ListStores & { readonly clock: () => Date },
  job: CheckJob,
  plan: RestorePlan,
): Promise<CheckReport> => {
  const { job_id } = job
  const source = plan.converted?.source ?? plan.archive
  const blobs = await allResults(services, job_id, PREFLIGHT_BLOBS)
  const models = countModels(plan.models, await allExtents(services, job_id), blobs)
  const missing = await readMissingBlobs(services.workFiles, blobs)
  const referred_by = missing.filter(({ resources }) => resources.length > 0).slice(0, MAX_FINDINGS)
  const left_out = await reportLeftOut(services, { job, plan })
  const checks = checksOf(models, blobs, missing, plan)
  return {
    job_id,
    passed: true,
    started_at: job.started_at ?? job.created_at,
    ended_at: services.clock().toISOString(),
    archive: {
      ...source,
      format: plan.converted === undefined ? 'acbak' : 'specstar',
      manifest_sha256: plan.manifest_sha256,
      proven_manifest: plan.proven_manifest,
    },
    bytes: source.size,
    models,
    checks,
    missing_blobs: missing.map(({ id }) => id),
    ...(referred_by.length === 0 ? {} : { missing_blobs_referred_by: referred_by }),
    ...(missing.length === 0 ? {} : { missing_blobs_hint: MISSING_BLOBS_HINT }),
    ...(left_out === undefined ? {} : { left_out }),
  }
}

const countModels = (
  models: readonly string[],
  extents: readonly Extent[],
  blobs: readonly PreflightBlobsResult[],
): Readonly<Record<string, ExportCounts>> => {
  const counts = models.map((model): [string, ExportCounts] => {
    const own = extents.filter((extent) => extent.model === model)
    return [
      model,
      {
        resources: sumOf(own, ({ resources }) => resources),
        revisions: sumOf(own, ({ revisions }) => revisions),
        blobs: sumOf(blobs, (result) => countOf(result.models, model)),
      },
    ]
  })
  return Object.fromEntries(counts)
}

const checksOf = (
  models: Readonly<Record<string, ExportCounts>>,
  results: readonly PreflightBlobsResult[],
  missing: readonly MissingBlob[],
  plan: RestorePlan,
): ArchiveChecks => {
  const counts = Object.values(models)
  const resources = sumOf(counts, (count) => count.resources)
  const revisions = sumOf(counts, (count) => count.revisions)
  const blobs = sumOf(results, (result) => result.blobs)
  const references = sumOf(counts, (count) => count.blobs) + missing.length
  return {
    counts: passed(resources + revisions + blobs),
    // The conversion of a stream reports values that SpecStar stored, but that do not match their payloads.
    content: passed(resources, plan.converted?.findings),
    revisions: passed(revisions),
    blobs: passed(blobs),
    blob_references: passed(references, missing.map(missingFinding)),
  }
}

/** Damage of the archive fails the check, so all findings are about faults that the store had before the export. */
const passed = (checked: number, findings: readonly Finding[] = []): CheckResult => ({
  passed: true,
  checked,
  findings: findings.slice(0, MAX_FINDINGS),
  findings_total: findings.length,
})

const missingFinding = ({ id, resources: [referrer] }: MissingBlob): Finding => ({
  model: referrer?.model ?? '',
  resource_id: referrer?.resource_id ?? '',
  what: `blob ${id} is not in the archive`,
  expected: 'present',
  actual: 'absent',
})

const sumOf = <T>(all: readonly T[], count: (one: T) => number): number =>
  all.reduce((total, one) => total + count(one), 0)
