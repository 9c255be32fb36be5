import type { ArchiveJob } from '../jobs/job.ts'
import type { RestoreRequest } from '../jobs/job-request.ts'

/**
 * Returns the options with which a job reads its archive. A check reads the archive like a strict restore of everything
 * into an empty store, but `inspect` takes no leases for it, and no stage reads the store.
 */
export const readRequest = (job: ArchiveJob): RestoreRequest =>
  job.kind === 'restore' ? job.request : { ...job.request, on_duplicate: 'overwrite', dry_run: false }
