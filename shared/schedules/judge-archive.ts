import type { ExportCounts, ShrunkCount } from '../jobs/job.ts'
import { MAX_LISTED } from '../values/message-text.ts'
import { type ArchiveJudgement, isCounted } from './archive-judgement.ts'
import { type ArchiveScope, coversFilters } from './archive-scope.ts'

/** The data of an earlier archive with which a new archive is compared. */
type EarlierArchive = Pick<ArchiveJudgement, 'job_id' | 'scope' | 'models' | 'state'>

/** The data of a new archive, from its manifest. */
export interface ArchiveContent {
  readonly complete: boolean
  readonly scope: ArchiveScope
  readonly models: Readonly<Record<string, ExportCounts>>
}

type JudgedState = Pick<ArchiveJudgement, 'findings'> & { readonly state: 'good' | 'incomplete' | 'suspicious' }

const COUNTS = ['resources', 'revisions', 'blobs'] as const
const NOTHING: ExportCounts = { resources: 0, revisions: 0, blobs: 0 }

/**
 * Judges a new archive of a schedule. `earlier` contains all earlier archives, newest first. The state of the archive
 * is:
 *
 * - `incomplete` if the manifest has `complete: false`.
 * - `suspicious` if the number of resources, revisions or blobs of a model is less than the earlier number multiplied
 *   by `min_ratio`, or is 0 while the earlier number is not 0.
 * - `good` otherwise. The first archive of a schedule is good if it is complete.
 *
 * The archive is compared with the last good archive and with all incomplete archives after it. The incomplete archives
 * are needed, because otherwise an empty archive would be good if all earlier archives are incomplete.
 *
 * An earlier archive is used only if it has the same filters, or if the new archive has no filters. The last good
 * archive is determined for each model separately, because a schedule may leave out a model for some time.
 */
export const judgeArchive = (
  earlier: readonly EarlierArchive[],
  candidate: ArchiveContent,
  { min_ratio }: { readonly min_ratio: number },
): JudgedState => {
  if (!candidate.complete) return { state: 'incomplete', findings: [] }
  const findings = candidate.scope.models.flatMap((model) =>
    baselines(earlier, candidate.scope, model).flatMap((archives) =>
      shrunkCounts(model, archives, candidate, min_ratio),
    ),
  )
  return findings.length === 0
    ? { state: 'good', findings }
    : { state: 'suspicious', findings: findings.slice(0, MAX_LISTED) }
}

/**
 * Returns the earlier archives with which the counts of a model are compared. Earlier archives with the same filters
 * are in one list. Each list has the last good archive that contains the model, and the incomplete archives after it.
 */
const baselines = (earlier: readonly EarlierArchive[], scope: ArchiveScope, model: string): EarlierArchive[][] => {
  const byFilters = new Map<string, EarlierArchive[]>()
  for (const archive of earlier) {
    if (!coversFilters(scope, archive.scope) || !archive.scope.models.includes(model)) continue
    const found = byFilters.get(archive.scope.filters) ?? []
    const isAfterLastGood = !found.some(isCounted)
    if (isAfterLastGood && (isCounted(archive) || archive.state === 'incomplete'))
      byFilters.set(archive.scope.filters, [...found, archive])
  }
  return [...byFilters.values()]
}

/** Returns the counts of a model that are too small, compared with the largest count of each kind in `archives`. */
const shrunkCounts = (
  model: string,
  archives: readonly EarlierArchive[],
  candidate: ArchiveContent,
  minRatio: number,
): ShrunkCount[] => {
  const current = countsOf(candidate, model)
  return COUNTS.flatMap((count) => {
    const [largest] = archives
      .map((archive) => ({ before: countsOf(archive, model)[count], compared_with: archive.job_id }))
      .sort((a, b) => b.before - a.before)
    if (largest === undefined || !hasShrunk(largest.before, current[count], minRatio)) return []
    return [{ model, count, before: largest.before, now: current[count], compared_with: largest.compared_with }]
  })
}

const hasShrunk = (before: number, now: number, minRatio: number): boolean =>
  before > 0 && (now === 0 || now < before * minRatio)

/**
 * Reads only own properties, because the name of a model may equal that of an inherited property, such as
 * `constructor`.
 */
const countsOf = ({ models }: Pick<ArchiveContent, 'models'>, model: string): ExportCounts =>
  (Object.hasOwn(models, model) ? models[model] : undefined) ?? NOTHING
