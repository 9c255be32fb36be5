import { jobIdIn } from '../../catalogue/archive-key.ts'
import type { ArchiveCatalogue } from '../../catalogue/aws/archive-catalogue.ts'
import { addMissingArchive, type AddMissingServices } from '../../catalogue/catalogue-export.ts'
import { isSameVersion, type ObjectVersion } from '../../catalogue/catalogued-archive.ts'
import { logger } from '../../telemetry/telemetry.ts'

/** The stores that are needed to record something about an archive. */
export interface RecordServices extends AddMissingServices {
  readonly catalogue: AddMissingServices['catalogue'] & Pick<ArchiveCatalogue, 'known'>
}

/**
 * Calls `record`, which returns false if the catalogue does not contain this version of the archive. In this case, adds
 * the archive if its export could not add it, and calls `record` again. If the archive cannot be added, logs how to add
 * it.
 */
export const recordInCatalogue = async (
  services: RecordServices,
  { archive, job_id }: { readonly archive: ObjectVersion; readonly job_id: string },
  record: () => Promise<boolean>,
): Promise<void> => {
  if (await record()) return
  // If the catalogue contains this version, a later result is already stored.
  if (await isKnown(services, archive)) return
  await addMissingArchive(services, jobIdIn(archive.key) ?? '')
  if ((await record()) || (await isKnown(services, archive))) return
  logger.warn('the catalogue does not contain the archive; add it with `specstar-backup catalogue rebuild`', {
    job_id,
    key: archive.key,
  })
}

const isKnown = async ({ catalogue }: RecordServices, archive: ObjectVersion): Promise<boolean> => {
  const known = await catalogue.known(archive.key)
  return known !== undefined && isSameVersion(known, archive)
}
