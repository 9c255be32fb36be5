import type { ExportCounts, ShrunkCount } from '../jobs/job.ts'
import { MAX_LISTED } from '../values/message-text.ts'
import { type ArchiveRecord, isCounted } from './archive-record.ts'
import { type ArchiveScope, coversFilters } from './archive-scope.ts'

/** The members of an earlier archive with which a new archive is compared. */
export type EarlierArchive = Pick<ArchiveRecord, 'job_id' | 'scope' | 'models' | 'state'>

/** What a new archive contains, as its manifest describes it. */
export interface ArchiveContent {
  readonly complete: boolean
  readonly scope: ArchiveScope
  readonly models: Readonly<Record<string, ExportCounts>>
}

export type Judgement = Pick<ArchiveRecord, 'findings'> & { readonly state: 'good' | 'incomplete' | 'suspicious' }

const COUNTS = ['resources', 'revisions', 'blobs'] as const
const NOTHING: ExportCounts = { resources: 0, revisions: 0, blobs: 0 }

/**
 * Judges a new archive of a schedule. `earlier` holds all earlier archives, newest first. An archive is `incomplete` if
 * its manifest says so. It is `suspicious` if one of its models has less than `min_ratio` of the resources, revisions
 * or blobs that the last good archive of the same or narrower filters has, or none where that archive has some.
 * Otherwise, it is `good`; the first archive is good too.
 *
 * The archive is also compared with the incomplete archives that are newer than the last good one. Otherwise, the first
 * complete archive of a schedule that has only incomplete ones could be empty, and would replace all of them.
 *
 * Each model is compared on its own, because the last good archive may lack some models: the schedule may have been
 * narrowed and widened again.
 */
export const judgeArchive = (
  earlier: readonly EarlierArchive[],
  candidate: ArchiveContent,
  { min_ratio }: { readonly min_ratio: number },
): Judgement => {
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
 * Returns, for each filter, the archives that contain the model and with which the new scope can be compared: the last
 * good one, and the incomplete ones that are newer.
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

/** Compares each number with the largest number of these archives. */
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

/** A model can have the name of an inherited property, such as `constructor`. */
const countsOf = ({ models }: Pick<ArchiveContent, 'models'>, model: string): ExportCounts =>
  (Object.hasOwn(models, model) ? models[model] : undefined) ?? NOTHING
