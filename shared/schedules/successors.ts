import type { ObjectStore } from '../objects/aws/object-store.ts'
import { type ArchiveJudgement, isCounted } from './archive-judgement.ts'
import { covers } from './archive-scope.ts'
import type { JudgedArchive } from './judged-archives.ts'
import { openScheduledArchive } from './open-scheduled-archive.ts'

/**
 * Returns the newest good archive of each scope, newest first. An archive is omitted if a newer returned archive has
 * the same or a wider scope. Opens each returned archive, and checks that it is complete and that its manifest has not
 * changed since the judgement.
 */
export const goodSuccessors = async (
  objects: Pick<ObjectStore, 'sourceOf'>,
  archives: readonly JudgedArchive[],
): Promise<ArchiveJudgement[]> => {
  const successors: ArchiveJudgement[] = []
  for (const { object, judgement } of archives) {
    if (judgement === undefined || !isCounted(judgement)) continue
    if (successors.some(({ scope }) => covers(scope, judgement.scope))) continue
    const opened = await openScheduledArchive(objects, object)
    if (opened?.manifest.complete === true && opened.manifestSha256 === judgement.manifest_sha256)
      successors.push(judgement)
  }
  return successors
}
