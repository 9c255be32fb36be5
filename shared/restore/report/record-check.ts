import type { ArchiveCatalogue } from '../../catalogue/aws/archive-catalogue.ts'
import type { ArchiveJob } from '../../jobs/job.ts'
import { ARCHIVE_DAMAGE } from '../../problems/archive-damage.ts'
import { tryBriefly } from '../../throttling/try-briefly.ts'
import { readRequest } from '../read-request.ts'
import { recordInCatalogue, type RecordServices } from './record-in-catalogue.ts'

/** The stores and settings that are needed to record the result of a check. */
export interface RecordCheckServices extends RecordServices {
  readonly catalogue: RecordServices['catalogue'] & Pick<ArchiveCatalogue, 'recordCheck'>
  readonly config: { readonly buckets: { readonly archives: string } }
}

/**
 * Stores the result of a check in the catalogue, if the job has ended and the archive is in the archive bucket. If a
 * restore or a dry run failed because its archive is damaged, stores a failed check. Never throws, because the job
 * itself has ended.
 */
export const recordCheck = async (services: RecordCheckServices, ended: ArchiveJob): Promise<void> => {
  const { jobs, catalogue, config } = services
  const { job_id } = ended
  const { bucket, key, etag, version_id } = readRequest(ended).archive ?? {}
  if (bucket !== config.buckets.archives || key === undefined || etag === undefined) return
  const archive = { bucket, key, etag, ...(version_id === undefined ? {} : { version_id }) }
  await tryBriefly('the result of a check could not be recorded', { job_id }, async () => {
    // The job is read again, because another attempt of the stage or a cancellation may have ended it.
    const job = await jobs.get(job_id)
    if (job?.ended_at === undefined) return
    const at = job.ended_at
    const passed = job.kind === 'check' && (job.status === 'succeeded' || job.status === 'partial')
    const failed = job.status === 'failed' && job.error !== undefined && ARCHIVE_DAMAGE.includes(job.error.type)
    if (!passed && !failed) return
    await recordInCatalogue(services, { archive, job_id }, () => catalogue.recordCheck(archive, { at, job_id, passed }))
  })
}
