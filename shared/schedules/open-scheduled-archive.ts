import type { OpenArchive } from '../archive/archive.ts'
import {
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  UnsupportedVersionError,
} from '../archive/errors.ts'
import { openArchive } from '../archive/open.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { ObjectChangedError } from '../objects/errors.ts'
import type { PinnedObject } from '../objects/object.ts'

/** Errors for an archive that is damaged, or that was replaced or deleted after it was listed. */
const DEFECTS = [
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  ObjectChangedError,
  UnsupportedVersionError,
]

/** Opens an archive of a schedule. Returns `undefined` if its trailer or its manifest cannot be read. */
export const openScheduledArchive = async (
  objects: Pick<ObjectStore, 'sourceOf'>,
  object: PinnedObject,
): Promise<OpenArchive | undefined> => {
  try {
    return await openArchive(objects.sourceOf(object))
  } catch (error) {
    // After any other error, such as a timeout, the state of the archive is unknown.
    if (DEFECTS.some((kind) => error instanceof kind)) return undefined
    throw error
  }
}
