import type { OpenArchive } from '../archive/archive.ts'
import { openArchive } from '../archive/open.ts'
import type { JobStore } from '../jobs/aws/job-store.ts'
import { archiveJob } from '../jobs/find-job.ts'
import type { ArchiveJob } from '../jobs/job.ts'
import type { RestoreRequest } from '../jobs/job-request.ts'
import type { WorkFiles } from '../jobs/work-files.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'
import { RESTORE_PLAN, type RestorePlan } from './messages/inspect.ts'
import { readRequest } from './read-request.ts'

/** The stores from which a pass reads its job, the plan and the archive. */
export interface OpenRestoreServices {
  readonly jobs: JobStore
  readonly workFiles: WorkFiles
  readonly objects: ObjectStore
}

/** A restore or check, its plan, and its open archive. Used by the stages after `inspect`. */
export interface OpenRestore {
  readonly job: ArchiveJob
  /** See `readRequest`. */
  readonly request: RestoreRequest
  readonly plan: RestorePlan
  readonly archive: OpenArchive
}

/**
 * The archive that a pass in this process has opened last, for each `ObjectStore`. A manifest of 10,000 segments takes
 * 0.1 s to parse and 20 MB of memory, and the passes of a restore in one process share it. If the passes of two
 * restores alternate, each pass opens its archive again.
 */
const lastOpened = new WeakMap<ObjectStore, { readonly object: PinnedObject; readonly archive: OpenArchive }>()

/**
 * Opens a restore for one pass. If another pass of this process has opened the archive before, does not read its
 * manifest again. Every read of records or blobs still fails if the archive was replaced in the meantime.
 */
export const openRestore = async (services: OpenRestoreServices, jobId: string): Promise<OpenRestore> => {
  const { objects, workFiles } = services
  const job = await archiveJob(services, jobId)
  const request = readRequest(job)
  const plan = await workFiles.read(RESTORE_PLAN, jobId)
  const last = lastOpened.get(objects)
  if (last !== undefined && isSameObject(last.object, plan.archive))
    return { job, request, plan, archive: last.archive }
  // The memory of the last archive is freed before another archive is opened.
  lastOpened.delete(objects)
  const archive = await openPlannedArchive(services, plan)
  // The list of the files of a repacked tar can take hundreds of megabytes.
  if (!archive.walked) lastOpened.set(objects, { object: plan.archive, archive })
  return { job, request, plan, archive }
}

const isSameObject = (a: PinnedObject, b: PinnedObject): boolean =>
  a.bucket === b.bucket && a.key === b.key && a.etag === b.etag && a.version_id === b.version_id && a.size === b.size

/** Opens the archive in the version that `inspect` has pinned. Reads its manifest in any case. */
export const openPlannedArchive = (
  { objects }: { readonly objects: ObjectStore },
  plan: RestorePlan,
): Promise<OpenArchive> => openArchive(objects.sourceOf(plan.archive))
