import { endJob, type EndJobServices, publishJobEnded } from '../../jobs/end-job.ts'
import { archiveJob } from '../../jobs/find-job.ts'
import type { RestoreJob } from '../../jobs/job.ts'
import type { RestoreResult, VerifiedResult } from '../../jobs/restore-result.ts'
import type { Leases } from '../../jobs/aws/leases.ts'
import { listedBlobs, listedReferrers } from '../../jobs/listed-blobs.ts'
import type { StageInput } from '../../jobs/messages.ts'
import type { CheckResult } from '../messages/finding.ts'
import { RESTORE_PLAN, type RestorePlan } from '../messages/inspect.ts'
import { VerificationFailedError } from '../errors.ts'
import type { OpenRestoreServices } from '../open-restore.ts'
import { joinDifferences } from '../results/job-differences.ts'
import { listedLeftOut, reportLeftOut, resourcesLeftOut } from '../results/left-out.ts'
import { writeUploadReport } from '../upload-report.ts'
import { idsNotRestored } from '../results/preflight-details.ts'
import { checksInJob } from './checks-in-job.ts'
import { dryRunResult } from './dry-run-result.ts'
import { endCheck } from './end-check.ts'
import { makeReport, type Report } from './make-report.ts'
import type { RecordCheckServices } from './record-check.ts'
import { provesArchive, recordProof, type RecordProofServices } from './record-proof.ts'

interface ReportServices extends OpenRestoreServices, EndJobServices {
  readonly leases: Leases
  readonly catalogue: RecordProofServices['catalogue'] & RecordCheckServices['catalogue']
  readonly config: { readonly deployment: string; readonly buckets: { readonly archives: string } }
}

/**
 * Writes the report, releases the leases of a restore and ends the job. If a restore has proved the whole archive,
 * stores this in the catalogue. If the verification of a restore failed, writes the report and then throws
 * `VerificationFailedError`, so that the job fails.
 */
export const report = async ({ job_id }: StageInput, services: ReportServices): Promise<StageInput> => {
  const job = await archiveJob(services, job_id)
  const plan = await services.workFiles.read(RESTORE_PLAN, job_id)
  if (job.kind === 'check') await endCheck(services, job, plan)
  else await endRestore(services, job, plan)
  return { job_id }
}

const endRestore = async (services: ReportServices, job: RestoreJob, plan: RestorePlan): Promise<void> => {
  const { job_id } = job
  const { jobs, leases } = services
  if (job.request.dry_run) {
    const left_out = await reportLeftOut(services, { job, plan })
    const result = await dryRunResult(services, job_id, plan.models)
    const ids = await idsNotRestored(services, { job, plan })
    const { count: ownLeftOut } = await resourcesLeftOut(services, { job, plan }, 0)
    const lacksAny =
      ownLeftOut > 0 ||
      (left_out !== undefined && plan.unfiltered) ||
      ids.not_found !== undefined ||
      (result.missing_blobs?.count ?? 0) + (result.blob_conflicts?.count ?? 0) > 0
    const status = lacksAny ? 'partial' : 'succeeded'
    const differences = await countedDifferences(services, job_id)
    await end(services, job_id, status, { ...result, ...listedLeftOut(left_out), ...ids, ...differences })
    return
  }
  const document = await makeReport(services, job, plan)
  const { count: leftOut } = await resourcesLeftOut(services, { job, plan }, 0)
  // If the restore has filters, it is unknown whether the filters select the resources that the export left out.
  const lacksResources = leftOut > 0 || (document.left_out !== undefined && plan.unfiltered)
  const isPartial =
    lacksResources ||
    document.not_found !== undefined ||
    document.missing_blobs.length + document.blob_conflicts.length > 0
  const status = isPartial ? 'partial' : 'succeeded'
  const result = {
    ...(await writeReport(services, job, document, document.passed ? status : 'failed')),
    ...(await countedDifferences(services, job_id)),
  }
  if (!document.passed) {
    await jobs.change(job_id, { result }, { from: ['running'] })
    const checks = Object.entries<CheckResult>(document.checks)
    throw new VerificationFailedError(checks.flatMap(([name, { passed }]) => (passed ? [] : [name])))
  }
  await leases.held(plan.models, job_id).free()
  await end(services, job_id, status, result, async () => {
    if (provesArchive(document, plan, leftOut)) await recordProof(services, document)
  })
}

const countedDifferences = async (
  services: OpenRestoreServices,
  jobId: string,
): Promise<Pick<RestoreResult, 'differences'>> => ({ differences: await joinDifferences(services, jobId) })

/** Ends the job, calls `afterEnd`, and then publishes the event. */
const end = async (
  services: EndJobServices,
  jobId: string,
  status: 'succeeded' | 'partial',
  result: RestoreResult,
  afterEnd?: () => Promise<void>,
): Promise<void> => {
  await endJob(services, jobId, { status, result, phase: 'report' }, ['running'])
  await afterEnd?.()
  await publishJobEnded(services, jobId)
}

/**
 * Writes the report to the archive bucket. If the archive was uploaded, also writes the report next to the upload.
 * Returns the result of the job, with the counts, the first findings and the location of the report.
 */
const writeReport = async (
  { objects, config }: Pick<ReportServices, 'objects' | 'config'>,
  { job_id, request }: RestoreJob,
  document: Report,
  status: 'succeeded' | 'partial' | 'failed',
): Promise<VerifiedResult> => {
  if (request.report_beside !== undefined && request.archive !== undefined)
    await writeUploadReport({ objects }, request.archive, { ...document, status })
  const { bucket, key } = await objects.putJson(config.buckets.archives, `reports/${job_id}.json`, document)
  const models = Object.entries(document.models).map(
    ([model, { loaded, skipped, total }]) => [model, { loaded, skipped, total }] as const,
  )
  return {
    models: Object.fromEntries(models),
    verification: { passed: document.passed, proved: document.proved, checks: checksInJob(document.checks) },
    missing_blobs: {
      ...listedBlobs(document.missing_blobs),
      ...listedReferrers(document.missing_blobs_referred_by ?? []),
    },
    blob_conflicts: listedBlobs(document.blob_conflicts),
    ...listedLeftOut(document.left_out),
    ...(document.target_only === undefined ? {} : { target_only: document.target_only }),
    ...(document.target_only_unknown === undefined ? {} : { target_only_unknown: document.target_only_unknown }),
    ...(document.not_found === undefined ? {} : { not_found: document.not_found }),
    ...(document.excluded === undefined ? {} : { excluded: document.excluded }),
    report: { bucket, key },
  }
}
