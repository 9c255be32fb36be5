import type { ArchiveCatalogue } from '../../catalogue/aws/archive-catalogue.ts'
import type { JobStore } from '../../jobs/aws/job-store.ts'
import type { CheckJob } from '../../jobs/job.ts'
import { logger } from '../../telemetry/telemetry.ts'
import { withShorterBudget } from '../../throttling/call-context.ts'
import { errorMessage } from '../../values/error-message.ts'

/** The stores and settings that are needed to record the result of a check. */
export interface RecordCheckServices {
  readonly jobs: Pick<JobStore, 'get'>
  readonly catalogue: Pick<ArchiveCatalogue, 'recordCheck'>
  readonly config: { readonly buckets: { readonly archives: string } }
}

/** The time in milliseconds for which a throttled write is repeated. The job must not wait much longer. */
const WRITE_MS = 5_000

/**
 * The problems that show that an archive is damaged. After any other problem, for example if a stage was throttled or a
 * model is not registered, it is unknown whether the archive is intact.
 */
const DAMAGE: readonly string[] = [
  'not-an-archive',
  'unsupported-version',
  'archive-truncated',
  'archive-invalid',
  'entry-corrupt',
]

/**
 * Stores the result of a check in the catalogue, if the job has ended and the archive is in the archive bucket. Never
 * throws, because the check itself has ended.
 */
export const recordCheck = async (
  { jobs, catalogue, config }: RecordCheckServices,
  { job_id, request }: CheckJob,
): Promise<void> => {
  const { bucket, key, etag, version_id } = request.archive
  if (bucket !== config.buckets.archives || etag === undefined) return
  const archive = { bucket, key, etag, ...(version_id === undefined ? {} : { version_id }) }
  try {
    await withShorterBudget(WRITE_MS, async () => {
      // The job is read again, because another attempt of the stage or a cancellation may have ended it.
      const job = await jobs.get(job_id)
      if (job?.ended_at === undefined) return
      const passed = job.status === 'succeeded' || job.status === 'partial'
      const failed = job.status === 'failed' && job.error !== undefined && DAMAGE.includes(job.error.type)
      if (passed || failed) await catalogue.recordCheck(archive, { at: job.ended_at, job_id, passed })
    })
  } catch (error) {
    logger.error('the result of a check could not be recorded', { job_id, cause: errorMessage(error) })
  }
}
