import type { ResourceFilter } from '../../filters/filters.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import { idHashOf } from '../../resources/keys.ts'
import { type Item, sortKeyOf } from '../../tables/item.ts'
import type { Finding } from '../messages/finding.ts'
import type { RestorePlan, SegmentRange } from '../messages/inspect.ts'
import type { DryRunCounts } from '../messages/preflight.ts'
import type { DifferenceLists } from '../results/difference-lists.ts'
import { TargetJoin } from './target-join.ts'
import { TargetOnly } from './target-only.ts'
import { idsIn, targetRange } from './target-range.ts'

/** What a lookup has found in the target. */
export interface TargetCounts {
  /** Only in a dry run. */
  readonly dryRun?: DryRunCounts
  /** The number of resources that only the target has. Absent if they were not counted. */
  readonly targetOnly?: number
  /** The first 100 differences. Empty unless this is a dry run. */
  readonly findings: readonly Finding[]
}

/** Determines which resources the target has. The caller must call `exists` in the order of the archive. */
export interface TargetLookup {
  exists(id: string): Promise<boolean>
  /** Must be called for each archived resource that is left out, because the restore ignores it. */
  leaveOut(id: string): void
  /**
   * Reads the remaining resources of the range, and returns the result. If `beforeBucket` is given, the result contains
   * only the resources before this digest bucket.
   */
  end(beforeBucket: string | undefined): Promise<TargetCounts>
  close(): Promise<void>
}

interface LookupOptions {
  /** The first digest bucket of the lookup. If it is undefined, the lookup begins at the start of the range. */
  readonly bucket: string | undefined
  /** If they are given, the lookup reads only the metadata of these resources. */
  readonly ids: readonly string[] | undefined
  readonly accepts: ResourceFilter
  readonly lists: DifferenceLists
  readonly timeIsUp: () => boolean
}

/**
 * Opens a lookup of the target's resources in `range`. It lists the resources that only the target has, unless the
 * request has ids.
 */
export const openTargetLookup = (
  { resources }: { readonly resources: ResourceStore },
  plan: RestorePlan,
  range: SegmentRange,
  options: LookupOptions,
): TargetLookup => {
  const { model, after, up_to } = range
  const { bucket, ids } = options
  if (plan.empty_models.includes(model)) return EMPTY_TARGET
  return ids === undefined
    ? new RangeLookup({ resources }, range, options)
    : lookupById(resources.existing(model, idsIn(ids, bucket ?? after, up_to)))
}

/** The number of rows that are counted after the time of the pass. They are read within a few seconds. */
const LATE_ROWS = 10_000

/** Reads the metadata of all resources in a range. */
class RangeLookup implements TargetLookup {
  readonly #join: TargetJoin<Item>
  readonly #targetOnly: TargetOnly
  readonly #lists: DifferenceLists
  readonly #timeIsUp: () => boolean

  constructor(
    { resources }: { readonly resources: ResourceStore },
    { model, after, up_to }: SegmentRange,
    { bucket, accepts, lists, timeIsUp }: LookupOptions,
  ) {
    this.#join = new TargetJoin(resources.metadata(model, targetRange(bucket ?? after, up_to)), sortKeyOf)
    this.#targetOnly = new TargetOnly(lists, model, accepts)
    this.#lists = lists
    this.#timeIsUp = timeIsUp
  }

  async exists(id: string): Promise<boolean> {
    const search = this.#targetOnly.search(idHashOf(id))
    const row = await this.#join.seek(id, search.pass)
    search.commit()
    return row !== undefined
  }

  leaveOut(id: string): void {
    this.#targetOnly.leaveOut(id)
  }

  /**
   * If the time of the pass is up, stops counting after `LATE_ROWS`. A restore does not depend on this count, and the
   * target may have many more resources than the archive.
   */
  async end(beforeBucket: string | undefined): Promise<TargetCounts> {
    if (!this.#targetOnly.endBucket(beforeBucket)) return { targetOnly: this.#targetOnly.count, findings: [] }
    const reset = this.#lists.mark()
    let rows = 0
    const isComplete = await this.#join.end(
      (metadata) => this.#targetOnly.pass(metadata),
      beforeBucket,
      () => (rows += 1) <= LATE_ROWS || !this.#timeIsUp(),
    )
    if (isComplete) return { targetOnly: this.#targetOnly.count, findings: [] }
    reset()
    return { findings: [] }
  }

  close(): Promise<void> {
    return this.#join.close()
  }
}

const EMPTY_TARGET: TargetLookup = {
  exists: () => Promise.resolve(false),
  leaveOut: () => undefined,
  end: () => Promise.resolve({ targetOnly: 0, findings: [] }),
  close: () => Promise.resolve(),
}

const lookupById = (existing: Promise<ReadonlySet<string>>): TargetLookup => {
  // `exists` awaits `existing` and throws its error. If the read fails earlier, this handler prevents an unhandled
  // rejection, which would end the process.
  existing.catch(() => undefined)
  return {
    exists: async (id) => (await existing).has(id),
    leaveOut: () => undefined,
    end: () => Promise.resolve({ findings: [] }),
    close: () => Promise.resolve(),
  }
}
