import type { JobStore } from '../jobs/aws/job-store.ts'
import { hasEnded } from '../jobs/job.ts'
import { logger } from '../telemetry/telemetry.ts'
import { withShorterBudget } from '../throttling/call-context.ts'
import { errorMessage } from '../values/error-message.ts'
import type { AnnouncedArchive, ArchiveCatalogue } from './aws/archive-catalogue.ts'
import { archiveOfExport } from './catalogued-archive.ts'

/** The stores that are needed to add the archive of an export to the catalogue. */
export interface CatalogueExportServices {
  readonly jobs: Pick<JobStore, 'get'>
  readonly catalogue: Pick<ArchiveCatalogue, 'announce' | 'put' | 'withdraw'>
}

/**
 * The time in milliseconds for which a throttled write is repeated. The export must not wait much longer, because its
 * archive is complete.
 */
const WRITE_MS = 5_000

/** The largest number of archives that one listing adds. The limit keeps the listing fast. */
const MAX_ADDED = 25

/**
 * Stores that an export is about to end. If `catalogueExport` fails later, the next listing therefore adds the archive.
 * Never throws, because the archive is complete and the export must not fail.
 */
export const announceArchive = async (
  { catalogue }: { readonly catalogue: Pick<ArchiveCatalogue, 'announce'> },
  announced: AnnouncedArchive,
): Promise<void> => {
  try {
    await withShorterBudget(WRITE_MS, () => catalogue.announce(announced))
  } catch (error) {
    logger.error('the archive of an export could not be announced', { ...announced, cause: errorMessage(error) })
  }
}

/** Adds the archive of an export to the catalogue. Never throws, for the same reason as `announceArchive`. */
export const catalogueExport = async (
  services: CatalogueExportServices,
  announced: AnnouncedArchive,
): Promise<void> => {
  try {
    await withShorterBudget(WRITE_MS, () => addAnnounced(services, announced))
  } catch (error) {
    logger.error('the archive of an export is not in the catalogue yet; the next listing adds it', {
      ...announced,
      cause: errorMessage(error),
    })
  }
}

/**
 * Adds the archives of announced exports that have ended. Such archives exist only if a process has ended too early, or
 * if writing to the catalogue has failed. If an archive cannot be added, logs the error and continues with the next one.
 */
export const addMissingArchives = async (
  services: CatalogueExportServices & { readonly catalogue: Pick<ArchiveCatalogue, 'announced'> },
): Promise<void> => {
  const announced = await services.catalogue.announced()
  for (const one of announced.slice(0, MAX_ADDED)) await catalogueExport(services, one)
}

/** Adds the archive of an export that has ended with a result. Does nothing while the export is running. */
const addAnnounced = async (
  { jobs, catalogue }: CatalogueExportServices,
  { job_id, created_at }: AnnouncedArchive,
): Promise<void> => {
  const job = await jobs.get(job_id)
  if (job !== undefined && !hasEnded(job)) return
  if (job?.kind === 'export' && (job.status === 'succeeded' || job.status === 'partial')) {
    const archive = archiveOfExport(job, created_at)
    if (archive !== undefined) await catalogue.put(archive)
  }
  await catalogue.withdraw(job_id)
}
