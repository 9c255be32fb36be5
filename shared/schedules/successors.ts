import type { ArchiveCatalogue } from '../catalogue/aws/archive-catalogue.ts'
import type { ObjectStore } from '../objects/aws/object-store.ts'
import { type ArchiveJudgement, isCounted } from './archive-judgement.ts'
import { covers } from './archive-scope.ts'
import type { JudgedArchive } from './judged-archives.ts'
import { openScheduledArchive } from './open-scheduled-archive.ts'

/** The stores that are needed to find good archives. */
interface SuccessorServices {
  readonly objects: Pick<ObjectStore, 'sourceOf'>
  readonly catalogue: Pick<ArchiveCatalogue, 'isDamaged'>
}

/** The archives of a schedule that were judged as good, newest first. */
interface Successors {
  /** The newest good archive of each scope. */
  readonly good: readonly ArchiveJudgement[]
  /** The archives that a check has found damaged. Older archives than those in `good` may be missing. */
  readonly damaged: readonly ArchiveJudgement[]
  /** The archives that cannot be opened, or whose manifest has changed. As in `damaged`, older ones may be missing. */
  readonly changed: readonly ArchiveJudgement[]
}

/**
 * Returns the newest good archive of each scope. An archive is omitted if a newer returned archive has the same or a
 * wider scope. Opens each returned archive, and checks that it is complete and that its manifest has not changed since
 * the judgement. An archive that its last check has found damaged is not good, although it can be opened.
 */
export const goodSuccessors = async (
  { objects, catalogue }: SuccessorServices,
  archives: readonly JudgedArchive[],
): Promise<Successors> => {
  const good: ArchiveJudgement[] = []
  const damaged: ArchiveJudgement[] = []
  const changed: ArchiveJudgement[] = []
  for (const { object, judgement } of archives) {
    if (judgement === undefined || !isCounted(judgement)) continue
    if (good.some(({ scope }) => covers(scope, judgement.scope))) continue
    if (await catalogue.isDamaged(object)) {
      damaged.push(judgement)
      continue
    }
    const opened = await openScheduledArchive(objects, object)
    const isGood = opened?.manifest.complete === true && opened.manifestSha256 === judgement.manifest_sha256
    const found = isGood ? good : changed
    found.push(judgement)
  }
  return { good, damaged, changed }
}
