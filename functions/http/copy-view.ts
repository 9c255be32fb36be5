import * as z from 'zod'
import type { Job } from '../../shared/jobs/job.ts'
import type { ArchiveCopy } from '../../shared/schedules/archive-copy.ts'
import type { ArchiveCopies } from '../../shared/schedules/aws/archive-copies.ts'
import { type CopyTargetConfig, currentState } from '../../shared/schedules/copy-target.ts'

interface CopyViewServices {
  readonly archiveCopies: Pick<ArchiveCopies, 'get'>
  readonly config: Pick<CopyTargetConfig, 'copy_archives_to'>
}

const LOCATION = { bucket: z.string(), key: z.string() }

/** The state of the copy of an archive, as the API returns it. */
export const CopyView = z
  .discriminatedUnion('state', [
    z.object({ ...LOCATION, state: z.literal('pending'), copied_bytes: z.int() }),
    z.object({ ...LOCATION, state: z.literal('copied'), checked_at: z.string() }),
    z.object({ ...LOCATION, state: z.literal('failed'), reason: z.string(), failed_at: z.string() }),
  ])
  .readonly()
type CopyView = z.output<typeof CopyView>

/**
 * Returns `{ copy }`: the state of the copy of a scheduled archive in the bucket of `copy_archives_to`. Returns an
 * empty object for other jobs, if the archive is not copied, and if no run has seen the archive yet.
 */
export const copyView = async (
  { archiveCopies, config }: CopyViewServices,
  job: Job,
): Promise<{ readonly copy?: CopyView }> => {
  if (job.kind !== 'export' || job.result === undefined || job.request.schedule === undefined) return {}
  const copy = currentState(config, await archiveCopies.get(job.request.schedule.name, job.result.archive.key))
  return copy === undefined ? {} : { copy: viewOf(copy) }
}

const viewOf = (copy: ArchiveCopy): CopyView => {
  const { bucket, key } = copy
  switch (copy.state) {
    case 'pending':
      return { state: copy.state, bucket, key, copied_bytes: copy.copied_bytes }
    case 'copied':
      return { state: copy.state, bucket, key, checked_at: copy.checked_at }
    case 'failed':
      return { state: copy.state, bucket, key, reason: copy.reason, failed_at: copy.failed_at }
  }
}
