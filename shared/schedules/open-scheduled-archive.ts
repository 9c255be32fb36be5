import type { OpenArchive } from '../archive/archive.ts'
import { isArchiveDefect } from '../archive/archive-defect.ts'
import { openArchive } from '../archive/open.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import type { PinnedObject } from '../objects/object.ts'

/**
 * Opens an archive of a schedule. Returns `undefined` if it has no trailer, or if its trailer or its manifest cannot be
 * read. Without a trailer, the whole object would have to be read. Exports always write one.
 */
export const openScheduledArchive = async (
  objects: Pick<ObjectStore, 'sourceOf'>,
  object: PinnedObject,
): Promise<OpenArchive | undefined> => {
  try {
    return await openArchive(objects.sourceOf(object), { requiresTrailer: true })
  } catch (error) {
    if (isArchiveDefect(error)) return undefined
    throw error
  }
}
