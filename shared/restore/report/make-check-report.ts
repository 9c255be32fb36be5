import { MISSING_BLOBS_HINT } from '../../blobs/errors.ts'
import type { MissingBlob } from '../../blobs/referrer.ts'
import { readMissingBlobs } from '../../compose/missing-blobs.ts'
import type { CheckJob } from '../../jobs/job.ts'
import type { ExportCounts } from '../../jobs/export-result.ts'
import { allResults } from '../../jobs/pass.ts'
import type { ListStores } from '../../jobs/unrestorable-list.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { countOf } from '../../values/model-counts.ts'
import { MAX_FINDINGS } from '../checks/findings.ts'
import type { CheckResult, Finding } from '../messages/finding.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import type { Extent } from '../messages/preflight.ts'
import { PREFLIGHT_BLOBS, type PreflightBlobsResult } from '../messages/preflight-blobs.ts'
import type { OpenRestoreServices } from '../open-restore.ts'
import { allExtents } from '../results/extents.ts'
import { reportLeftOut, type ReportedLeftOut } from '../results/left-out.ts'

/** The report of a check, as it is stored and returned to clients. */
export interface CheckReport {
  readonly job_id: string
  /** Always true, because a check of a damaged archive fails before it writes its report. */
  readonly passed: true
  /** True if at least one resource or blob was checked. */
  readonly proved: boolean
  readonly started_at: string
  readonly ended_at: string
  /** The archive of the job. If it is a stream, `manifest_sha256` belongs to the converted archive. */
  readonly archive: PinnedObject & {
    readonly format: 'acbak' | 'specstar'
    readonly manifest_sha256: string
    readonly proven_manifest: boolean
  }
  /** The size of the archive. */
  readonly bytes: number
  readonly models: Readonly<Record<string, ExportCounts>>
  readonly checks: ArchiveChecks
  readonly missing_blobs: readonly string[]
  /** The first 1,000 missing blobs, each with the first 3 resources that refer to it. Absent if no blob is missing. */
  readonly missing_blobs_referred_by?: readonly MissingBlob[]
  /** Absent if no blob is missing. */
  readonly missing_blobs_hint?: string
  /** Absent if the export left out no resource. */
  readonly left_out?: ReportedLeftOut
}

/**
 * The checks of an archive. Their names are those of the checks of a restore that have the same subject, but each
 * compares the archive with itself, and not with a store.
 */
interface ArchiveChecks {
  /** The numbers of resources, revisions and blobs are those in the manifest and in the indexes. */
  readonly counts: CheckResult
  /** The checksum of every chunk and of every spilled payload, and the digest of every model. */
  readonly content: CheckResult
  /** Every revision belongs to a resource, and every resource has its current revision. */
  readonly revisions: CheckResult
  /** The checksum of every blob, and the order of the blobs. */
  readonly blobs: CheckResult
  /** The archive contains each blob to which a model refers, or its manifest declares the blob as missing. */
  readonly blob_references: CheckResult
}

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
    proved: checks.content.checked + checks.blobs.checked > 0,
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
