import type { ArchiveCatalogue } from '../../catalogue/aws/archive-catalogue.ts'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import { logger } from '../../telemetry/telemetry.ts'
import { withShorterBudget } from '../../throttling/call-context.ts'
import { errorMessage } from '../../values/error-message.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import type { Report } from './make-report.ts'

/** The stores and settings that are needed to record that a restore has proved its archive. */
export interface RecordProofServices {
  readonly jobs: Pick<JobStore, 'get'>
  readonly catalogue: Pick<ArchiveCatalogue, 'recordProof'>
  readonly config: { readonly buckets: { readonly archives: string } }
}

/** The time in milliseconds for which a throttled write is repeated. The restore must not wait much longer. */
const WRITE_MS = 5_000

/**
 * Returns true if a restore has proved its archive: it has restored everything that the archive contains, compared all
 * of it, and every check has passed. A restore that skips resources or leaves some out proves only a part.
 */
export const provesArchive = (
  document: Pick<Report, 'proved' | 'models' | 'blob_conflicts'>,
  plan: Pick<RestorePlan, 'reads_all_blobs' | 'proven_manifest'>,
  leftOut: number,
): boolean =>
  document.proved &&
  // The restore selects all resources of all models of the archive.
  plan.reads_all_blobs &&
  // Without a proven manifest, it is unknown whether parts of the archive are missing.
  plan.proven_manifest &&
  leftOut === 0 &&
  document.blob_conflicts.length === 0 &&
  Object.values(document.models).every(({ skipped, changed_since }) => skipped === 0 && changed_since === 0)

/**
 * Stores in the catalogue that a restore has proved its archive, if the job has ended and the archive is in the archive
 * bucket. Never throws, because the restore itself has succeeded.
 */
export const recordProof = async (
  { jobs, catalogue, config }: RecordProofServices,
  { job_id, archive }: Pick<Report, 'job_id' | 'archive'>,
): Promise<void> => {
  if (archive.bucket !== config.buckets.archives) return
  try {
    await withShorterBudget(WRITE_MS, async () => {
      const job = await jobs.get(job_id)
      if (job?.ended_at === undefined || (job.status !== 'succeeded' && job.status !== 'partial')) return
      await catalogue.recordProof(archive, { at: job.ended_at, job_id })
    })
  } catch (error) {
    logger.error('the proof of an archive could not be recorded', { job_id, cause: errorMessage(error) })
  }
}
