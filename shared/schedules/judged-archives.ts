import pMap from 'p-map'
import type { OpenArchive } from '../archive/archive.ts'
import { type ArchiveJudgement, newestFirst } from './archive-judgement.ts'
import { scopeOf } from './archive-scope.ts'
import type { ArchiveJudgements } from './aws/archive-judgements.ts'
import { type ArchiveContent, Baselines } from './judge-archive.ts'
import { openScheduledArchive } from './open-scheduled-archive.ts'
import { DEFAULT_MIN_RATIO, type Schedule } from './schedule.ts'
import { type ScheduledArchive, type ScheduledArchiveServices, scheduledArchives } from './scheduled-archives.ts'

/** The stores and settings that are needed to read the judgements of archives. */
export interface JudgedArchiveServices extends ScheduledArchiveServices {
  readonly archiveJudgements: Pick<ArchiveJudgements, 'list' | 'keep'>
}

/** An archive with its judgement. `judgement` is absent if the archive cannot be opened and was never judged. */
export interface JudgedArchive extends ScheduledArchive {
  readonly judgement?: ArchiveJudgement
}

/** The archives of a schedule. */
export interface JudgedArchives {
  /** The archives that are in the bucket, newest first. */
  readonly archives: readonly JudgedArchive[]
  /** The judgements of these archives, and of earlier archives that no longer exist. Newest first. */
  readonly judgements: readonly ArchiveJudgement[]
}

/**
 * The number of archives that are opened at the same time. After an upgrade from an early release, thousands of
 * archives may have no judgement.
 */
const OPENED_AT_ONCE = 16

/**
 * The number of archives that are judged before their judgements are stored. If a run reaches its time limit, the next
 * run needs to judge only the archives without a stored judgement.
 */
const JUDGED_AT_ONCE = 500

/**
 * Returns the archives of a schedule with their judgements. Archives without a stored judgement are judged now, from
 * the oldest to the newest. These are archives that have just been written, archives of early releases, and archives
 * whose job ended before it stored the judgement. If `keep` is true, the new judgements are stored. If another process
 * has stored a judgement of the same archive in the meantime, returns that judgement.
 */
export const judgedArchives = async (
  services: JudgedArchiveServices,
  { name, min_ratio = DEFAULT_MIN_RATIO }: Pick<Schedule, 'name' | 'min_ratio'>,
  { keep }: { readonly keep: boolean },
): Promise<JudgedArchives> => {
  // The judgements are read before the archives are listed. If an archive has a judgement but is not in the list, it
  // was therefore deleted.
  let judgements: readonly ArchiveJudgement[] = await services.archiveJudgements.list(name)
  const archives = await scheduledArchives(services, name)
  const knownKeys = new Set(judgements.map(({ key }) => key))
  const unjudged = archives.filter(({ object }) => !knownKeys.has(object.key)).reverse()
  for (let from = 0; from < unjudged.length; from += JUDGED_AT_ONCE) {
    const batch = await summarizeAll(services, unjudged.slice(from, from + JUDGED_AT_ONCE))
    const judged = judgeInOrder(judgements, batch, min_ratio)
    judgements = keep ? await keepAll(services, name, judgements, judged) : [...judgements, ...judged].sort(newestFirst)
  }
  const byKey = new Map(judgements.map((judgement) => [judgement.key, judgement]))
  return {
    archives: archives.map((archive) => {
      const judgement = byKey.get(archive.object.key)
      return judgement === undefined ? archive : { ...archive, judgement }
    }),
    judgements,
  }
}

/** An archive with the part of its manifest on which its judgement depends. The whole manifest can have 32 MiB. */
interface SummarizedArchive {
  readonly archive: ScheduledArchive
  readonly manifest_sha256: string
  readonly content: ArchiveContent
}

/** Reads the manifests of archives. Omits archives that cannot be opened. */
const summarizeAll = async (
  { objects }: ScheduledArchiveServices,
  archives: readonly ScheduledArchive[],
): Promise<SummarizedArchive[]> => {
  const all = await pMap(
    archives,
    async (archive) => {
      const opened = await openScheduledArchive(objects, archive.object)
      return opened === undefined ? [] : [{ archive, ...summaryOf(opened) }]
    },
    { concurrency: OPENED_AT_ONCE },
  )
  return all.flat()
}

const summaryOf = ({ manifest, manifestSha256 }: OpenArchive): Omit<SummarizedArchive, 'archive'> => ({
  manifest_sha256: manifestSha256,
  content: {
    complete: manifest.complete,
    scope: scopeOf(manifest),
    models: Object.fromEntries(
      Object.entries(manifest.models).map(([model, { resources, revisions, blobs }]) => [
        model,
        { resources, revisions, blobs },
      ]),
    ),
  },
})

/**
 * Judges archives from the oldest to the newest, so that each archive is compared with all earlier archives. `known`
 * must be sorted from the newest to the oldest, and `archives` from the oldest to the newest.
 */
const judgeInOrder = (
  known: readonly ArchiveJudgement[],
  archives: readonly SummarizedArchive[],
  min_ratio: number,
): ArchiveJudgement[] => {
  const judged: ArchiveJudgement[] = []
  const baselines = new Baselines()
  const knownOldestFirst = known.toReversed()
  let [addedKnown, addedJudged] = [0, 0]
  /** Adds all judgements before the time `at` that have not been added yet, from the oldest to the newest. */
  const addBefore = (at: string): void => {
    for (;;) {
      const [next, other] = [knownOldestFirst[addedKnown], judged[addedJudged]]
      if (next !== undefined && isBefore(next, { at }) && (other === undefined || !isBefore(other, next))) {
        baselines.add(next)
        addedKnown++
      } else if (other !== undefined && isBefore(other, { at })) {
        baselines.add(other)
        addedJudged++
      } else return
    }
  }
  for (const { archive, manifest_sha256, content } of archives) {
    const { job_id, at, object } = archive
    addBefore(at)
    const { scope, models } = content
    judged.push({
      job_id,
      key: object.key,
      at,
      manifest_sha256,
      scope,
      models,
      ...baselines.judge(content, { min_ratio }),
    })
  }
  return judged
}

const isBefore = (a: { readonly at: string }, b: { readonly at: string }): boolean => newestFirst(a, b) > 0

/**
 * Stores new judgements. Returns all judgements, newest first. If another process has stored a judgement of the same
 * archive, returns that judgement.
 */
const keepAll = async (
  { archiveJudgements }: Pick<JudgedArchiveServices, 'archiveJudgements'>,
  schedule: string,
  known: readonly ArchiveJudgement[],
  judged: readonly ArchiveJudgement[],
): Promise<readonly ArchiveJudgement[]> => {
  let allStored = true
  for (const judgement of judged) allStored = (await archiveJudgements.keep(schedule, judgement)) && allStored
  return allStored ? [...known, ...judged].sort(newestFirst) : archiveJudgements.list(schedule)
}
