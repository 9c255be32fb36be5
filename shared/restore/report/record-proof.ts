import type { ArchiveCatalogue } from '../../catalogue/aws/archive-catalogue.ts'
import { tryBriefly } from '../../throttling/try-briefly.ts'
import type { RestorePlan } from '../messages/inspect.ts'
import type { Report } from './make-report.ts'
import { recordInCatalogue, type RecordServices } from './record-in-catalogue.ts'

/** The stores and settings that are needed to record that a restore has proved its archive. */
export interface RecordProofServices extends RecordServices {
  readonly catalogue: RecordServices['catalogue'] & Pick<ArchiveCatalogue, 'recordProof'>
  readonly config: { readonly buckets: { readonly archives: string } }
}

/**
 * Returns true if a restore has proved its archive: it has restored everything that the archive contains, compared all
 * of it, and every check has passed. A restore that skips resources or leaves some out proves only a part.
 */
export const provesArchive = (
  document: Pick<Report, 'proved' | 'models' | 'blob_conflicts' | 'missing_blobs'>,
  plan: Pick<RestorePlan, 'reads_all_blobs' | 'proven_manifest' | 'missing_blobs'>,
  leftOut: number,
): boolean =>
  document.proved &&
  // The restore selects all resources of all models of the archive.
  plan.reads_all_blobs &&
  // Without a proven manifest, it is unknown whether parts of the archive are missing.
  plan.proven_manifest &&
  leftOut === 0 &&
  document.blob_conflicts.length === 0 &&
  // A restore that is not strict also accepts missing blobs that the manifest does not declare.
  isSubset(document.missing_blobs, plan.missing_blobs) &&
  Object.values(document.models).every(({ skipped, changed_since }) => skipped === 0 && changed_since === 0)

const isSubset = (ids: readonly string[], all: readonly string[]): boolean => new Set(ids).isSubsetOf(new Set(all))

/**
 * Stores in the catalogue that a restore has proved its archive, if the job has ended and the archive is in the archive
 * bucket. Never throws, because the restore itself has succeeded.
 */
export const recordProof = async (
  services: RecordProofServices,
  { job_id, archive }: Pick<Report, 'job_id' | 'archive'>,
): Promise<void> => {
  const { jobs, catalogue, config } = services
  if (archive.bucket !== config.buckets.archives) return
  await tryBriefly('the proof of an archive could not be recorded', { job_id }, async () => {
    const job = await jobs.get(job_id)
    if (job?.ended_at === undefined || (job.status !== 'succeeded' && job.status !== 'partial')) return
    const proof = { at: job.ended_at, job_id }
    await recordInCatalogue(services, { archive, job_id }, () => catalogue.recordProof(archive, proof))
  })
}
