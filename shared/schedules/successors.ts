import type { ObjectStore } from '../objects/aws/object-store.ts'
import { type ArchiveRecord, isCounted } from './archive-record.ts'
import { covers } from './archive-scope.ts'
import type { JudgedArchive } from './judged-archives.ts'
import { openScheduledArchive } from './open-scheduled-archive.ts'

/**
 * Returns the newest good archive of each scope, newest first. An archive that an archive of the same or a wider scope
 * replaces is not returned. Each of them is opened: it must be complete and have the manifest that was judged.
 */
export const goodSuccessors = async (
  objects: Pick<ObjectStore, 'sourceOf'>,
  archives: readonly JudgedArchive[],
): Promise<ArchiveRecord[]> => {
  const successors: ArchiveRecord[] = []
  for (const { object, record } of archives) {
    if (record === undefined || !isCounted(record)) continue
    if (successors.some(({ scope }) => covers(scope, record.scope))) continue
    const opened = await openScheduledArchive(objects, object)
    if (opened?.manifest.complete === true && opened.manifestSha256 === record.manifest_sha256) successors.push(record)
  }
  return successors
}
