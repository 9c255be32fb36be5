import type { ExportJob, Job } from '../../shared/jobs/job.ts'
import type { ArchiveCopy } from '../../shared/schedules/archive-copy.ts'
import type { ArchiveCopies } from '../../shared/schedules/aws/archive-copies.ts'
import { copyTarget, type CopyTargetConfig } from '../../shared/schedules/copy-target.ts'

interface CopyViewServices {
  readonly archiveCopies: Pick<ArchiveCopies, 'get'>
  readonly config: CopyTargetConfig
}

/**
 * Returns an object with the member `copy` of the result of a scheduled export: the state of the copy that the setting
 * `copy_archives_to` requests. For other jobs, or if the archive is not copied, returns an empty object.
 */
export const copyView = async (services: CopyViewServices, job: Job): Promise<{ readonly copy?: object }> => {
  if (job.kind !== 'export' || job.result === undefined || job.request.schedule === undefined) return {}
  const copy = await copyState(services, job.request.schedule.name, job.result)
  return copy === undefined ? {} : { copy }
}

const copyState = async (
  { archiveCopies, config }: CopyViewServices,
  schedule: string,
  { archive }: NonNullable<ExportJob['result']>,
): Promise<object | undefined> => {
  const stored = await archiveCopies.get(schedule, archive.key)
  if (stored !== undefined) return viewOf(stored)
  // The hourly run has not seen the archive yet.
  const target = copyTarget(config, archive.key)
  return target === undefined ? undefined : { state: 'pending', ...target, copied_bytes: 0 }
}

const viewOf = (copy: ArchiveCopy): object => {
  const { state, bucket, key } = copy
  const location = { state, bucket, key }
  switch (copy.state) {
    case 'pending':
      return { ...location, copied_bytes: copy.copied_bytes }
    case 'copied':
      return { ...location, checked_at: copy.checked_at }
    case 'failed':
      return { ...location, reason: copy.reason, failed_at: copy.failed_at }
  }
}
