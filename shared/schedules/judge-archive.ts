import type { ExportCounts, ShrunkCount } from '../jobs/job.ts'
import { MAX_LISTED } from '../values/message-text.ts'
import { type ArchiveJudgement, isCounted } from './archive-judgement.ts'
import { type ArchiveScope, coversFilters } from './archive-scope.ts'

/** The members of an earlier archive with which a new archive is compared. */
type EarlierArchive = Pick<ArchiveJudgement, 'job_id' | 'scope' | 'models' | 'state'>

/** What a new archive contains, as its manifest describes it. */
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
 * - `suspicious` if the number of resources, revisions or blobs of a model is much smaller than in an earlier archive:
 *   it is less than `min_ratio` of the earlier number, or it is 0 and the earlier number is not.
 * - `good` otherwise. The first archive of a schedule is therefore good if it is complete.
 *
 * The archive is compared with the last good archive, and with the incomplete archives after it. Without the incomplete
 * archives, an empty archive could count as good if all earlier archives are incomplete, and would replace them.
 *
 * Earlier archives are compared only if their filters are the same, or if the new archive has no filters. For each
 * model, the last good archive that contains the model is used, because a schedule may leave out a model for some time.
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
 * Returns the earlier archives with which the new archive is compared for a model, as one list for each combination of
 * filters. A list contains the last good archive that contains the model, and the incomplete archives after it.
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

/** Returns the numbers of a model that are too small. Compares each number with the largest number in `archives`. */
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

/** Reads own properties only, because a model may have the name of an inherited property, such as `constructor`. */
const countsOf = ({ models }: Pick<ArchiveContent, 'models'>, model: string): ExportCounts =>
  (Object.hasOwn(models, model) ? models[model] : undefined) ?? NOTHING
