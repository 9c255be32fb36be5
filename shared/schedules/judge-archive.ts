import type { ExportCounts, ShrunkCount } from '../jobs/job.ts'
import { MAX_LISTED } from '../values/message-text.ts'
import type { ArchiveRecord } from './archive-record.ts'
import { type ArchiveScope, coversFilters } from './archive-scope.ts'

/** The members of an earlier archive with which a new archive is compared. */
export type GoodArchive = Pick<ArchiveRecord, 'job_id' | 'scope' | 'models'>

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
 * Judges a new archive of a schedule. `previousGood` holds the earlier good archives, newest first. An archive is
 * `incomplete` if its manifest says so. It is `suspicious` if one of its models has less than `min_ratio` of the
 * resources, revisions or blobs that the newest earlier archive of the same or narrower filters has, or none where that
 * archive has some. Otherwise, it is `good`; an archive without such an earlier archive is good too.
 *
 * Each model is compared on its own, because the newest good archive may lack some models: the schedule may have been
 * narrowed and widened again.
 */
export const judgeArchive = (
  previousGood: readonly GoodArchive[],
  candidate: ArchiveContent,
  { min_ratio }: { readonly min_ratio: number },
): Judgement => {
  if (!candidate.complete) return { state: 'incomplete', findings: [] }
  const findings = candidate.scope.models.flatMap((model) =>
    baselines(previousGood, candidate.scope, model).flatMap((good) => shrunkCounts(model, good, candidate, min_ratio)),
  )
  return findings.length === 0
    ? { state: 'good', findings }
    : { state: 'suspicious', findings: findings.slice(0, MAX_LISTED) }
}

/** Returns the newest archive of each filter that contains the model and to which the new scope can be compared. */
const baselines = (previousGood: readonly GoodArchive[], scope: ArchiveScope, model: string): GoodArchive[] => {
  const newest = new Map<string, GoodArchive>()
  for (const good of previousGood)
    if (coversFilters(scope, good.scope) && good.scope.models.includes(model) && !newest.has(good.scope.filters))
      newest.set(good.scope.filters, good)
  return [...newest.values()]
}

const shrunkCounts = (model: string, good: GoodArchive, candidate: ArchiveContent, minRatio: number): ShrunkCount[] => {
  const [before, now] = [countsOf(good, model), countsOf(candidate, model)]
  return COUNTS.filter((count) => hasShrunk(before[count], now[count], minRatio)).map((count) => ({
    model,
    count,
    before: before[count],
    now: now[count],
    compared_with: good.job_id,
  }))
}

const hasShrunk = (before: number, now: number, minRatio: number): boolean =>
  before > 0 && (now === 0 || now < before * minRatio)

/** A model can have the name of an inherited property, such as `constructor`. */
const countsOf = ({ models }: Pick<ArchiveContent, 'models'>, model: string): ExportCounts =>
  (Object.hasOwn(models, model) ? models[model] : undefined) ?? NOTHING
