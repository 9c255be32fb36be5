import type { ExportCounts, ShrunkCount } from '../jobs/export-result.ts'
import { MAX_LISTED } from '../values/message-text.ts'
import { type ArchiveJudgement, isCounted, type UndecidedJudgement } from './archive-judgement.ts'
import { type ArchiveScope, coversFilters } from './archive-scope.ts'

/** The data of an earlier archive with which a new archive is compared. */
export type EarlierArchive = Pick<ArchiveJudgement, 'job_id' | 'scope' | 'models' | 'state'>

/** The data of a new archive, from its manifest. */
export interface ArchiveContent {
  readonly complete: boolean
  readonly scope: ArchiveScope
  readonly models: Readonly<Record<string, ExportCounts>>
}

export type JudgedState = Pick<UndecidedJudgement, 'state' | 'findings'>

const COUNTS = ['resources', 'revisions', 'blobs'] as const
const NOTHING: ExportCounts = { resources: 0, revisions: 0, blobs: 0 }

/** The largest count of one kind in some earlier archives, and the job of the archive with this count. */
interface Largest {
  readonly before: number
  readonly compared_with: string
}

/**
 * The largest counts of a model in some earlier archives. These are the last good archive with the same filters, and
 * all incomplete archives after it. `sequence` is the position of the newest of these archives in the order in which
 * the archives were added.
 */
interface Baseline {
  readonly sequence: number
  readonly largest: Readonly<Record<keyof ExportCounts, Largest>>
}

/**
 * Judges new archives of a schedule by comparing them with earlier archives. Keeps only the largest counts for each
 * combination of filters and each model. The time and the memory for a judgement therefore do not grow with the number
 * of earlier archives.
 *
 * @example
 * const baselines = new Baselines()
 * for (const archive of oldestFirst) baselines.add(archive)
 * baselines.judge(content, { min_ratio: 0.5 })
 */
export class Baselines {
  /** The baselines by combination of filters, and then by model. */
  readonly #byFilters = new Map<string, Map<string, Baseline>>()
  #sequence = 0

  /** Adds an archive. The caller must add the archives from the oldest to the newest. */
  add(archive: EarlierArchive): void {
    const counted = isCounted(archive)
    if (!counted && archive.state !== 'incomplete') return
    const { filters, models } = archive.scope
    const byModel = this.#byFilters.get(filters) ?? new Map<string, Baseline>()
    this.#byFilters.set(filters, byModel)
    const sequence = ++this.#sequence
    for (const model of models) {
      // After a good archive, the archives before it are no longer needed.
      const before = counted ? undefined : byModel.get(model)?.largest
      byModel.set(model, { sequence, largest: largestOf(before, archive, model) })
    }
  }

  /**
   * Judges a new archive, which must be newer than all added archives. The state of the archive is:
   *
   * - `incomplete` if the manifest has `complete: false`.
   * - `suspicious` if the number of resources, revisions or blobs of a model is less than the earlier number multiplied
   *   by `min_ratio`, or is 0 while the earlier number is not 0.
   * - `good` otherwise. The first archive of a schedule is good if it is complete.
   *
   * The archive is compared with the last good archive and with all incomplete archives after it. The incomplete
   * archives are needed, because otherwise an empty archive would be good if all earlier archives are incomplete.
   *
   * An earlier archive is used only if it has the same filters, or if the new archive has no filters. The last good
   * archive is determined for each model separately, because a schedule may leave out a model for some time.
   */
  judge(candidate: ArchiveContent, { min_ratio }: { readonly min_ratio: number }): JudgedState {
    if (!candidate.complete) return { state: 'incomplete', findings: [] }
    const findings = candidate.scope.models.flatMap((model) =>
      this.#baselines(candidate.scope, model).flatMap((baseline) =>
        shrunkCounts(model, baseline, candidate, min_ratio),
      ),
    )
    return findings.length === 0
      ? { state: 'good', findings }
      : { state: 'suspicious', findings: findings.slice(0, MAX_LISTED) }
  }

  /**
   * Returns the baselines with which the counts of a model are compared, newest first. There is at most one baseline
   * for each combination of filters.
   */
  #baselines(scope: ArchiveScope, model: string): Baseline[] {
    const found: Baseline[] = []
    for (const [filters, byModel] of this.#byFilters) {
      const baseline = byModel.get(model)
      if (baseline !== undefined && coversFilters(scope, { filters })) found.push(baseline)
    }
    return found.sort((a, b) => b.sequence - a.sequence)
  }
}

/**
 * Returns the larger count of each kind, from `before` or from the archive. If both counts are equal, returns that of
 * the archive, which is newer.
 */
const largestOf = (before: Baseline['largest'] | undefined, archive: EarlierArchive, model: string) => {
  const counts = countsOf(archive, model)
  const larger = (count: keyof ExportCounts): Largest => {
    const earlier = before?.[count]
    if (earlier !== undefined && earlier.before > counts[count]) return earlier
    return { before: counts[count], compared_with: archive.job_id }
  }
  return { resources: larger('resources'), revisions: larger('revisions'), blobs: larger('blobs') }
}

/** Returns the counts of a model that are too small. */
const shrunkCounts = (
  model: string,
  { largest }: Baseline,
  candidate: ArchiveContent,
  minRatio: number,
): ShrunkCount[] => {
  const current = countsOf(candidate, model)
  return COUNTS.flatMap((count) => {
    const { before, compared_with } = largest[count]
    return hasShrunk(before, current[count], minRatio)
      ? [{ model, count, before, now: current[count], compared_with }]
      : []
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
