import type { ObjectStore } from '../objects/aws/object-store.ts'
import { type ArchiveRecord, isCounted } from './archive-record.ts'
import { covers } from './archive-scope.ts'
import type { JudgedArchive } from './judged-archives.ts'
import { openScheduledArchive } from './open-scheduled-archive.ts'

/**
 * Returns the newest good archive of each scope, newest first. Omits an archive if a newer good archive of the same or
 * a wider scope is returned. Opens each returned archive, and checks that it is complete and that its manifest has not
 * changed since the judgement.
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
