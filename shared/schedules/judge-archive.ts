import type { ExportCounts, ShrunkCount } from '../jobs/job.ts'
import { MAX_LISTED } from '../values/message-text.ts'
import { type ArchiveJudgement, isCounted } from './archive-judgement.ts'
import { type ArchiveScope, coversFilters } from './archive-scope.ts'

/** The data of an earlier archive with which a new archive is compared. */
export type EarlierArchive = Pick<ArchiveJudgement, 'job_id' | 'scope' | 'models' | 'state'>

/** The data of a new archive, from its manifest. */
export interface ArchiveContent {
  readonly complete: boolean
  readonly scope: ArchiveScope
  readonly models: Readonly<Record<string, ExportCounts>>
}

export type JudgedState = Pick<ArchiveJudgement, 'findings'> & { readonly state: 'good' | 'incomplete' | 'suspicious' }

const COUNTS = ['resources', 'revisions', 'blobs'] as const
const NOTHING: ExportCounts = { resources: 0, revisions: 0, blobs: 0 }

/** The largest number of one kind in the earlier archives, and the job of the archive that has it. */
interface Largest {
  readonly before: number
  readonly compared_with: string
}

/**
 * The largest numbers of one model in the last good archive with certain filters, and in the incomplete archives after
 * it. `sequence` is the position of the newest of these archives.
 */
interface Baseline {
  readonly sequence: number
  readonly largest: Readonly<Record<keyof ExportCounts, Largest>>
}

/**
 * The earlier archives of a schedule, with which a new archive is compared. Keeps only the largest numbers of each model
 * and filter. Therefore, the time and the memory for a judgement do not grow with the number of earlier archives.
 *
 * @example
 * const baselines = new Baselines()
 * for (const archive of oldestFirst) baselines.add(archive)
 * baselines.judge(content, { min_ratio: 0.5 })
 */
export class Baselines {
  /** The baselines of each combination of filters, and of each model. */
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
      // A good archive replaces the archives before it.
      const before = counted ? undefined : byModel.get(model)?.largest
      byModel.set(model, { sequence, largest: largestOf(before, archive, model) })
    }
  }

  /**
   * Judges a new archive, which is newer than all added archives. The state of the archive is:
   *
   * - `incomplete` if the manifest has `complete: false`.
   * - `suspicious` if the number of resources, revisions or blobs of a model is much smaller than in an earlier archive:
   *   it is less than `min_ratio` of the earlier number, or it is 0 and the earlier number is not.
   * - `good` otherwise. The first archive of a schedule is therefore good if it is complete.
   *
   * The archive is compared with the last good archive, and with the incomplete archives after it. Without the
   * incomplete archives, an empty archive could count as good if all earlier archives are incomplete, and would replace
   * them.
   *
   * Earlier archives are compared only if their filters are the same, or if the new archive has no filters. For each
   * model, the last good archive that contains the model is used, because a schedule may leave out a model for some
   * time.
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

  /** Returns the baselines with which a model is compared: one for each combination of filters, newest first. */
  #baselines(scope: ArchiveScope, model: string): Baseline[] {
    const found: Baseline[] = []
    for (const [filters, byModel] of this.#byFilters) {
      const baseline = byModel.get(model)
      if (baseline !== undefined && coversFilters(scope, { models: [], filters })) found.push(baseline)
    }
    return found.sort((a, b) => b.sequence - a.sequence)
  }
}

/** Returns the larger one of each number. If two archives have the same number, the newer archive is named. */
const largestOf = (before: Baseline['largest'] | undefined, archive: EarlierArchive, model: string) => {
  const counts = countsOf(archive, model)
  const larger = (count: keyof ExportCounts): Largest => {
    const earlier = before?.[count]
    if (earlier !== undefined && earlier.before > counts[count]) return earlier
    return { before: counts[count], compared_with: archive.job_id }
  }
  return { resources: larger('resources'), revisions: larger('revisions'), blobs: larger('blobs') }
}

/** Returns the numbers of a model that are too small. */
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
