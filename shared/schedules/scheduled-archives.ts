import { openArchive } from '../archive/open.ts'
import { schedulePrefix } from '../export/archive-key.ts'
import {
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  UnsupportedVersionError,
} from '../archive/errors.ts'
import type { PinnedObject } from '../objects/object.ts'
import { ObjectChangedError } from '../objects/errors.ts'
import type { Services } from '../runtime/services.ts'

/** An archive that a schedule made, and the time for which it was due. */
export interface ScheduledArchive {
  readonly object: PinnedObject
  readonly at: Date
}

const NAME = /\/s-.+-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.acbak$/

/** The archives of one schedule that lie in the archive bucket, newest first. What is called otherwise is not its own. */
export const scheduledArchives = async ({ objects, config }: Services, name: string): Promise<ScheduledArchive[]> => {
  const archives: ScheduledArchive[] = []
  for await (const object of objects.list(config.buckets.archives, schedulePrefix(name))) {
    const [, year, month, day, hour, minute, second] = NAME.exec(object.key) ?? []
    if (year === undefined) continue
    const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
    if (!Number.isNaN(at.getTime())) archives.push({ object, at })
  }
  return archives.sort((a, b) => b.at.getTime() - a.at.getTime())
}

/** The newest archive that is whole. */
export const newestGood = async (services: Services, name: string): Promise<ScheduledArchive | undefined> =>
  firstGood(services, await scheduledArchives(services, name))

/** The first of these that is whole. */
export const firstGood = async (
  services: Services,
  archives: readonly ScheduledArchive[],
): Promise<ScheduledArchive | undefined> => {
  for (const archive of archives) if (await isComplete(services, archive)) return archive
  return undefined
}

/** It is not an archive, cut, damaged, or gone meanwhile. */
const FAULTS = [
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  ObjectChangedError,
  UnsupportedVersionError,
]

/** Whether an archive is whole: its trailer and manifest are read, and it says that nothing was left out. */
const isComplete = async ({ objects }: Services, { object }: ScheduledArchive): Promise<boolean> => {
  try {
    return (await openArchive(objects.sourceOf(object))).manifest.complete
  } catch (error) {
    // Trouble of our own says nothing of the archive.
    if (FAULTS.some((kind) => error instanceof kind)) return false
    throw error
  }
}
