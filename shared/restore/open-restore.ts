import type { OpenArchive } from '../archive/archive.ts'
import { openArchive } from '../archive/open.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { restoreJob } from '../jobs/find-job.ts'
import type { RestoreJob } from '../jobs/job.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { RESTORE_PLAN, type RestorePlan } from './messages/inspect.ts'

/** The stores from which a pass reads its job, the plan and the archive. */
export interface OpenRestoreServices {
  readonly jobs: JobStore
  readonly workFiles: WorkFiles
  readonly objects: ObjectStore
}

/** The job of a restore, its plan, and its open archive. Used by the stages after `inspect`. */
export interface OpenRestore {
  readonly job: RestoreJob
  readonly plan: RestorePlan
  readonly archive: OpenArchive
}

export const openRestore = async (services: OpenRestoreServices, jobId: string): Promise<OpenRestore> => {
  const job = await restoreJob(services, jobId)
  const plan = await services.workFiles.read(RESTORE_PLAN, jobId)
  return { job, plan, archive: await openPlannedArchive(services, plan) }
}

/** Opens the archive in the version that `inspect` has pinned. */
export const openPlannedArchive = (
  { objects }: { readonly objects: ObjectStore },
  plan: RestorePlan,
): Promise<OpenArchive> => openArchive(objects.sourceOf(plan.archive))
