import type { ResourceFilter } from '../../filters/filters.ts'
import type { ResourceStore } from '../../resources/aws/resource-store.ts'
import { idHashOf } from '../../resources/keys.ts'
import { type Item, sortKeyOf } from '../../tables/item.ts'
import { ThrottledError } from '../../throttling/throttled-error.ts'
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

/**
 * Reads the metadata of all resources in a range. A restore does not depend on the count of the resources that only the
 * target has. Therefore, an error that concerns only this count ends the count, and not the pass.
 */
class RangeLookup implements TargetLookup {
  readonly #join: TargetJoin<Item>
  readonly #targetOnly: TargetOnly
  readonly #timeIsUp: () => boolean
  /** Removes all resources of the range from the lists. */
  readonly #reset: () => void
  #isCounting = true

  constructor(
    { resources }: { readonly resources: ResourceStore },
    { model, after, up_to }: SegmentRange,
    { bucket, accepts, lists, timeIsUp }: LookupOptions,
  ) {
    this.#join = new TargetJoin(resources.metadata(model, targetRange(bucket ?? after, up_to)), sortKeyOf)
    this.#reset = lists.mark()
    // The filter can fail for a resource that is not in the archive, for example if a condition cannot be evaluated.
    this.#targetOnly = new TargetOnly(
      lists,
      model,
      (metadata) => this.#isCounting && this.#isAccepted(accepts, metadata),
    )
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
   * If the time of the pass is up, stops counting after `LATE_ROWS`, because the target may have many more resources
   * than the archive. Also stops counting if AWS throttles a read until the time is up. The pass then keeps its
   * results.
   */
  async end(beforeBucket: string | undefined): Promise<TargetCounts> {
    if (this.#isCounting && this.#targetOnly.endBucket(beforeBucket) && !(await this.#readRest(beforeBucket)))
      this.#stopCounting()
    return { ...(this.#isCounting ? { targetOnly: this.#targetOnly.count } : {}), findings: [] }
  }

  close(): Promise<void> {
    return this.#join.close()
  }

  /** Reads the rows after the last archived resource. Returns false if it has not read all of them. */
  async #readRest(beforeBucket: string | undefined): Promise<boolean> {
    let rows = 0
    const mayRead = (): boolean => this.#isCounting && ((rows += 1) <= LATE_ROWS || !this.#timeIsUp())
    try {
      return await this.#join.end((metadata) => this.#targetOnly.pass(metadata), beforeBucket, mayRead)
    } catch (error) {
      if (error instanceof ThrottledError) return false
      throw error
    }
  }

  #isAccepted(accepts: ResourceFilter, metadata: Item): boolean {
    try {
      return accepts(metadata)
    } catch {
      this.#stopCounting()
      return false
    }
  }

  #stopCounting(): void {
    this.#isCounting = false
    this.#reset()
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
