import {
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  UnsupportedVersionError,
} from '../archive/errors.ts'
import { openArchive } from '../archive/open.ts'
import { schedulePrefix } from '../export/archive-key.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { ObjectChangedError } from '../objects/errors.ts'
import type { PinnedObject } from '../objects/object.ts'

/** Where the archives of schedules are. */
export interface ScheduledArchives {
  readonly objects: Pick<ObjectStore, 'list' | 'sourceOf'>
  readonly config: { readonly buckets: { readonly archives: string } }
}

/** An archive of a schedule, and the time at which the schedule was due. */
export interface ScheduledArchive {
  readonly object: PinnedObject
  readonly at: Date
}

const NAME = /\/s-.+-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.acbak$/

/** The archives of one schedule in the archive bucket, newest first. Objects with other names are ignored. */
export const scheduledArchives = async (
  { objects, config }: ScheduledArchives,
  name: string,
): Promise<ScheduledArchive[]> => {
  const archives: ScheduledArchive[] = []
  for await (const object of objects.list(config.buckets.archives, schedulePrefix(name))) {
    const [, year, month, day, hour, minute, second] = NAME.exec(object.key) ?? []
    if (year === undefined) continue
    const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
    if (!Number.isNaN(at.getTime())) archives.push({ object, at })
  }
  return archives.sort((a, b) => b.at.getTime() - a.at.getTime())
}

/** The first complete archive. */
export const firstComplete = async (
  { objects }: Pick<ScheduledArchives, 'objects'>,
  archives: readonly ScheduledArchive[],
): Promise<ScheduledArchive | undefined> => {
  for (const archive of archives) if (await isComplete(objects, archive)) return archive
  return undefined
}

/** The archive is damaged, or it was replaced or deleted after it was listed. */
const DEFECTS = [
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  ObjectChangedError,
  UnsupportedVersionError,
]

/** Whether the trailer and the manifest can be read, and the manifest says that the archive is complete. */
const isComplete = async (objects: Pick<ObjectStore, 'sourceOf'>, { object }: ScheduledArchive): Promise<boolean> => {
  try {
    return (await openArchive(objects.sourceOf(object))).manifest.complete
  } catch (error) {
    // Any other error, such as a timeout, says nothing about the archive.
    if (DEFECTS.some((kind) => error instanceof kind)) return false
    throw error
  }
}
