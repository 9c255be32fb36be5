import type { JobStore } from '../jobs/aws/job-store.ts'
import { hasEnded } from '../jobs/job.ts'
import { withTotalBudget } from '../throttling/call-context.ts'
import { BRIEF_MS, tryBriefly } from '../throttling/try-briefly.ts'
import type { AnnouncedArchive, ArchiveCatalogue } from './aws/archive-catalogue.ts'
import { archiveOfExport } from './catalogued-archive.ts'

/** The stores that are needed to add the archive of an export to the catalogue. */
export interface CatalogueExportServices {
  readonly jobs: Pick<JobStore, 'get'>
  readonly catalogue: Pick<ArchiveCatalogue, 'announce' | 'put' | 'withdraw'>
}

/** The stores that are needed to add archives that their exports could not add. */
export interface AddMissingServices extends CatalogueExportServices {
  readonly catalogue: CatalogueExportServices['catalogue'] & Pick<ArchiveCatalogue, 'announced'>
}

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
  await tryBriefly('the archive of an export could not be announced', { ...announced }, () =>
    catalogue.announce(announced),
  )
}

/** Adds the archive of an export to the catalogue. Never throws, for the same reason as `announceArchive`. */
export const catalogueExport = async (
  services: CatalogueExportServices,
  announced: AnnouncedArchive,
): Promise<void> => {
  await tryBriefly(
    'the archive of an export is not in the catalogue yet; the next listing adds it',
    { ...announced },
    () => addAnnounced(services, announced),
  )
}

/**
 * Adds the archives of announced exports that have ended. Usually there are none, unless a process has ended too early,
 * or writing to the catalogue has failed. If an archive cannot be added, logs the error and continues with the next
 * one. If the table is throttled, ends after about 5 seconds, and a later listing adds the other archives.
 */
export const addMissingArchives = (services: AddMissingServices): Promise<void> =>
  withTotalBudget(BRIEF_MS, async () => {
    const end = performance.now() + BRIEF_MS
    for (const one of (await services.catalogue.announced()).slice(0, MAX_ADDED)) {
      if (performance.now() >= end) return
      await catalogueExport(services, one)
    }
  })

/** Adds the archive of one announced export. Does nothing if the export was not announced, or was already added. */
export const addMissingArchive = async (services: AddMissingServices, jobId: string): Promise<void> => {
  const announced = (await services.catalogue.announced()).find(({ job_id }) => job_id === jobId)
  if (announced !== undefined) await addAnnounced(services, announced)
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
